#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>
#include <unordered_set>

#include <fmt/format.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/io/safetensors_header.hpp>

namespace tapestry::io {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written in memory order");

/// The bytes before the header, which hold its length.
using Prefix = std::array<char, 8>;
constexpr auto prefix_bytes = static_cast<std::int64_t>(sizeof(Prefix));

std::string reason() {
  return std::error_code(errno, std::generic_category()).message();
}

void check_length(const std::string& name) {
  if (std::ssize(name) > max_safetensors_name_bytes) {
    throw ValueError(fmt::format("save_safetensors: a name is {} bytes long, at most {} are allowed", name.size(),
                                 max_safetensors_name_bytes));
  }
}

void check_arrays(const NamedArrays& arrays, const Metadata& metadata) {
  if (const std::int64_t names = std::ssize(arrays) + std::ssize(metadata); names > max_safetensors_names) {
    throw ValueError(fmt::format("save_safetensors: expected at most {} arrays and metadata texts, got {}",
                                 max_safetensors_names, names));
  }
  std::unordered_set<std::string_view> names;
  for (const auto& [name, text] : metadata) check_length(name);
  for (const auto& [name, array] : arrays) {
    if (name == "__metadata__") {
      throw ValueError("save_safetensors: the name \"__metadata__\" is reserved by the format");
    }
    if (!names.insert(name).second) {
      throw ValueError(fmt::format("save_safetensors: the name \"{}\" is given twice", name));
    }
    check_length(name);
    if (!array.defined()) {
      throw ValueError(fmt::format("save_safetensors: the array \"{}\" is undefined", name));
    }
  }
}

std::span<const std::byte> elements(const Array& array) {
  return visit_dtype(array.dtype(), [&]<class T>() {
    return std::as_bytes(std::span(array.data<T>(), static_cast<std::size_t>(array.numel())));
  });
}

/// A safetensors file whose header has been read and checked.
class Reader {
 public:
  explicit Reader(const std::string& path);
  const SafetensorsHeader& header() const { return header_; }
  Array read(const SafetensorsEntry& entry);

 private:
  void read_at(std::int64_t position, void* bytes, std::int64_t count);

  std::string path_;
  std::ifstream file_;
  std::int64_t data_begin_ = 0;
  SafetensorsHeader header_;
};

Reader::Reader(const std::string& path) : path_(path) {
  // Check before opening: opening a pipe would block.
  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) throw IoError(fmt::format("{}: cannot read: {}", path_, error.message()));
  file_.open(path, std::ios::binary);
  if (!file_) throw IoError(fmt::format("{}: cannot open: {}", path_, reason()));
  if (size < prefix_bytes) {
    throw IoError(fmt::format("{}: safetensors: expected at least {} bytes, got {}", path_, prefix_bytes, size));
  }
  Prefix prefix{};
  read_at(0, prefix.data(), prefix_bytes);
  const auto length = std::bit_cast<std::uint64_t>(prefix);
  if (length > static_cast<std::uint64_t>(max_safetensors_header)) {
    throw IoError(fmt::format("{}: safetensors: the header is {} bytes long, at most {} are allowed", path_, length,
                              max_safetensors_header));
  }
  data_begin_ = prefix_bytes + static_cast<std::int64_t>(length);
  if (data_begin_ > size) {
    throw IoError(fmt::format("{}: safetensors: the header ends at byte {}, the file at {}", path_, data_begin_, size));
  }
  std::string text(length, '\0');
  read_at(prefix_bytes, text.data(), static_cast<std::int64_t>(length));
  header_ = parse_safetensors_header(text, size - data_begin_, path_);
}

Array Reader::read(const SafetensorsEntry& entry) {
  Array array = Array::empty(entry.shape, entry.dtype);
  visit_dtype(entry.dtype,
              [&]<class T>() { read_at(data_begin_ + entry.begin, array.mutable_data<T>(), entry.end - entry.begin); });
  return array;
}

void Reader::read_at(std::int64_t position, void* bytes, std::int64_t count) {
  errno = 0;
  file_.seekg(position);
  file_.read(static_cast<char*>(bytes), count);
  if (!file_) {
    throw IoError(fmt::format("{}: cannot read {} bytes at {}: {}", path_, count, position,
                              errno != 0 ? reason() : "unexpected end of file"));
  }
}

}  // namespace

void save_safetensors(const std::string& path, const NamedArrays& arrays, const Metadata& metadata) {
  check_arrays(arrays, metadata);
  SafetensorsHeader header{.entries = {}, .metadata = metadata};
  NamedArrays dense;
  for (const auto& [name, array] : arrays) {
    header.entries.push_back({.name = name, .dtype = array.dtype(), .shape = array.shape()});
    dense.emplace_back(name, array.contiguous());
  }

  // Readers may map the file, so every tensor must begin at a multiple of its element size.
  std::vector<std::span<const std::byte>> pieces(2);
  std::int64_t position = 0;
  for (const std::int64_t size : {8, 4, 1}) {
    for (std::size_t i = 0; i < dense.size(); ++i) {
      const Array& array = dense[i].second;
      if (item_size(array.dtype()) != size) continue;
      header.entries[i].begin = position;
      header.entries[i].end = position += array.bytes();
      pieces.push_back(elements(array));
    }
  }

  const std::string text = format_safetensors_header(header);
  if (std::ssize(text) > max_safetensors_header) {
    throw ValueError(fmt::format("save_safetensors: the header is {} bytes long, at most {} are allowed", text.size(),
                                 max_safetensors_header));
  }
  const auto prefix = std::bit_cast<Prefix>(static_cast<std::uint64_t>(text.size()));
  pieces[0] = std::as_bytes(std::span(prefix));
  pieces[1] = std::as_bytes(std::span(text));
  replace_file(path, pieces);
}

NamedArrays load_safetensors(const std::string& path) {
  Reader reader(path);
  NamedArrays arrays;
  for (const SafetensorsEntry& entry : reader.header().entries) {
    arrays.emplace_back(entry.name, reader.read(entry));
  }
  return arrays;
}

Metadata load_safetensors_metadata(const std::string& path) {
  return Reader(path).header().metadata;
}

}  // namespace tapestry::io
