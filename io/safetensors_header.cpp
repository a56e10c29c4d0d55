#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <tapestry/core/error.hpp>
#include <tapestry/io/safetensors_header.hpp>

namespace tapestry::io {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, DType>, 4> dtype_names = {
    {{"F32", DType::f32}, {"F64", DType::f64}, {"I64", DType::i64}, {"U8", DType::u8}}};

std::string_view dtype_name(DType dtype) {
  return std::ranges::find(dtype_names, dtype, [](const auto& entry) { return entry.second; })->first;
}

/// A text of a file for an error message: not longer than a line.
std::string shortened(const std::string& text) {
  constexpr std::size_t most = 100;
  return text.size() <= most ? text : fmt::format("{}… ({} bytes)", text.substr(0, most), text.size());
}

/// A name for an error message: in quotes, without control characters.
std::string in_quotes(const std::string& text) {
  return Json(shortened(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Receives the header token by token, because a document tree would hide duplicate names.
class HeaderReader : public Json::json_sax_t {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { unexpected("null"); }
  bool boolean(bool value) override { unexpected(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { unexpected(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { unexpected(shortened(text)); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::list || !std::in_range<std::int64_t>(value)) unexpected(std::to_string(value));
    auto& list = *(key_ == "shape" ? shape_ : offsets_);
    if (list.size() == Shape::max_rank) {
      fail("{}: the field {}: expected at most {} numbers", subject(), in_quotes(key_), Shape::max_rank);
    }
    list.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header_.metadata[key_] = value;
    } else if (place_ == Place::tensor && key_ == "dtype") {
      dtype_ = value;
    } else {
      unexpected("the text " + in_quotes(value));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top) {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    const bool is_name = (place_ == Place::top && value != "__metadata__") || place_ == Place::metadata;
    if (is_name && ++count_ > max_safetensors_names) {
      fail("expected at most {} tensors and metadata texts", max_safetensors_names);
    }
    if (std::ssize(value) > max_safetensors_name_bytes) {
      fail("the name {} is longer than {} bytes", in_quotes(value), max_safetensors_name_bytes);
    }
    if (place_ == Place::top) {
      if (!names_.insert(value).second) fail("the name {} is given twice", in_quotes(value));
      name_ = value;
      return true;
    }
    key_ = value;
    const bool known = place_ == Place::metadata || value == "dtype" || value == "shape" || value == "data_offsets";
    if (!known) fail("tensor {}: unknown field {}", in_quotes(name_), in_quotes(value));
    if (place_ == Place::metadata ? header_.metadata.contains(value) : is_given(value)) {
      fail("{}: the field {} is given twice", subject(), in_quotes(value));
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) finish_tensor();
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || key_ == "dtype") unexpected("a list");
    (key_ == "shape" ? shape_ : offsets_).emplace();
    place_ = Place::list;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail("the header is not JSON: error at byte {}", position);
  }

 private:
  enum class Place : std::uint8_t { outside, top, metadata, tensor, list };

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw IoError(path_ + ": safetensors: " + fmt::format(text, std::forward<Args>(args)...));
  }

  std::string subject() const {
    if (place_ == Place::outside) return "header";
    return name_ == "__metadata__" ? name_ : "tensor " + in_quotes(name_);
  }

  [[noreturn]] void unexpected(const std::string& what) const {
    const bool in_field = place_ == Place::tensor || place_ == Place::list || place_ == Place::metadata;
    fail("{}: {}{} cannot be {}", subject(), in_field ? "the field " : "the value", in_field ? in_quotes(key_) : "",
         what);
  }

  bool is_given(const std::string& field) const {
    if (field == "dtype") return dtype_.has_value();
    return field == "shape" ? shape_.has_value() : offsets_.has_value();
  }

  void finish_tensor() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (!is_given(field)) fail("tensor {}: the field \"{}\" is missing", in_quotes(name_), field);
    }
    const auto known = std::ranges::find(dtype_names, *dtype_, [](const auto& entry) { return entry.first; });
    if (known == dtype_names.end()) {
      fail("tensor {}: the dtype {} is not one of F32, F64, I64 and U8", in_quotes(name_), in_quotes(*dtype_));
    }
    if (offsets_->size() != 2) {
      fail("tensor {}: expected 2 data_offsets, got {}", in_quotes(name_), offsets_->size());
    }
    SafetensorsEntry entry{name_, known->second, checked_shape(), offsets_->front(), offsets_->back()};
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(entry.shape.numel(), item_size(entry.dtype), &bytes)) {
      fail("tensor {}: the bytes of {}{} overflow int64", in_quotes(name_), *dtype_, to_string(entry.shape));
    }
    if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
      fail("tensor {}: {}{} requires {} bytes, but data_offsets are [{}, {}]", in_quotes(name_), *dtype_,
           to_string(entry.shape), bytes, entry.begin, entry.end);
    }
    header_.entries.push_back(std::move(entry));
    dtype_.reset();
    shape_.reset();
    offsets_.reset();
  }

  Shape checked_shape() const {
    try {
      return Shape(*shape_);
    } catch (const ShapeError& error) {
      fail("tensor {}: {}", in_quotes(name_), error.what());
    }
  }

  const std::string& path_;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_;
  std::int64_t count_ = 0;
  Place place_ = Place::outside;
  std::string name_;
  std::string key_;
  std::optional<std::string> dtype_;
  std::optional<std::vector<std::int64_t>> shape_;
  std::optional<std::vector<std::int64_t>> offsets_;
};

/// Sorts the entries by offset and throws unless they are contiguous.
void check_coverage(const std::vector<SafetensorsEntry>& entries, std::int64_t data_bytes, const std::string& path) {
  std::vector<const SafetensorsEntry*> ordered;
  ordered.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) ordered.push_back(&entry);
  std::ranges::sort(ordered, {}, [](const auto* entry) { return std::tuple(entry->begin, entry->end); });
  std::int64_t position = 0;
  for (const SafetensorsEntry* entry : ordered) {
    if (entry->begin != position) {
      throw IoError(fmt::format(
          "{}: safetensors: tensor {}: its data [{}, {}] {} byte {}", path, in_quotes(entry->name), entry->begin,
          entry->end, entry->begin < position ? "overlap the previous tensor, which ends at" : "leave a gap after",
          position));
    }
    position = entry->end;
  }
  if (position != data_bytes) {
    throw IoError(fmt::format("{}: safetensors: the tensors require {} bytes, the file has {}{}", path, position,
                              data_bytes, position > data_bytes ? ": it is truncated" : ""));
  }
}

/// `text` as a JSON string.
std::string json_string(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    throw ValueError(fmt::format("save_safetensors: {} is not UTF-8", in_quotes(text)));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::int64_t data_bytes, const std::string& path) {
  if (!text.starts_with('{')) throw IoError(path + ": safetensors: the header does not begin with '{'");
  HeaderReader reader(path);
  Json::sax_parse(text, &reader);
  SafetensorsHeader header = reader.take();
  check_coverage(header.entries, data_bytes, path);
  return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  std::vector<std::string> fields;
  if (!header.metadata.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, value] : header.metadata) {
      texts.push_back(fmt::format("{}:{}", json_string(key), json_string(value)));
    }
    fields.push_back(fmt::format("\"__metadata__\":{{{}}}", fmt::join(texts, ",")));
  }
  for (const SafetensorsEntry& entry : header.entries) {
    fields.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", json_string(entry.name),
                                 dtype_name(entry.dtype), fmt::join(entry.shape.sizes(), ","), entry.begin, entry.end));
  }
  std::string text = fmt::format("{{{}}}", fmt::join(fields, ","));
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace tapestry::io
