#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/detail/print.hpp>

namespace tapestry {
namespace {

/// Arrays of more elements than this are summarized.
constexpr std::int64_t shown_in_full = 1000;
/// The number of elements shown at either end of a summarized axis.
constexpr std::int64_t edge_items = 3;
/// The maximum number of columns per line.
constexpr std::size_t line_width = 80;

/// The indices of an axis that are shown; -1 stands for the omitted ones.
std::vector<std::int64_t> shown_indices(std::int64_t size, bool is_shortened) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < size; ++i) {
    if (is_shortened && i == edge_items && size > 2 * edge_items) {
      indices.push_back(-1);
      i = size - edge_items;
    }
    indices.push_back(i);
  }
  return indices;
}

/// The format of all floating-point numbers of an array.
struct NumberStyle {
  /// Chosen by the finite nonzero numbers.
  explicit NumberStyle(const std::vector<double>& numbers) {
    double least = std::numeric_limits<double>::infinity();
    double largest = 0;
    bool all_whole = true;
    for (const double number : numbers) {
      const double magnitude = std::abs(number);
      if (number == 0 || !std::isfinite(number)) continue;
      least = std::min(least, magnitude);
      largest = std::max(largest, magnitude);
      all_whole = all_whole && magnitude == std::trunc(magnitude);
    }
    const bool is_uneven = least <= largest && (least < 1e-4 || largest / least >= 1000);
    if (largest >= 1e8 || (!all_whole && is_uneven)) {
      format = "{:.4e}";
    } else if (all_whole) {
      format = "{:.0f}.";
    }
  }
  std::string text_of(double number) const {
    return std::isfinite(number) ? fmt::format(fmt::runtime(format), number) : fmt::format("{}", number);
  }

  std::string_view format = "{:.4f}";
};

/// Writes one array.
class Printer {
 public:
  Printer(const Array& array, std::size_t indent)
      : array_(array), strides_(array.strides()), indent_(indent), is_shortened_(array.numel() > shown_in_full) {
    visit_dtype(array.dtype(), [&]<class T>() { format_elements<T>(); });
    for (const std::string& text : texts_) width_ = std::max(width_, text.size());
  }

  std::string text() {
    std::string out;
    write(0, out);
    return out;
  }
  bool leaves_out() const { return leaves_out_; }

 private:
  /// The texts of the elements that are shown, in row-major order.
  template <class T>
  void format_elements() {
    std::vector<T> elements;
    collect(0, array_.data<T>(), elements);
    if constexpr (std::is_floating_point_v<T>) {
      const NumberStyle style(std::vector<double>(elements.begin(), elements.end()));
      for (const T element : elements) texts_.push_back(style.text_of(static_cast<double>(element)));
    } else {
      for (const T element : elements) texts_.push_back(fmt::format("{}", element));
    }
  }

  template <class T>
  void collect(int axis, const T* first, std::vector<T>& elements) {
    if (axis == array_.rank()) {
      elements.push_back(*first);
      return;
    }
    for (const std::int64_t i : shown_indices(array_.size(axis), is_shortened_)) {
      leaves_out_ = leaves_out_ || i < 0;
      if (i >= 0) collect(axis + 1, first + i * strides_[static_cast<std::size_t>(axis)], elements);
    }
  }

  void write(int axis, std::string& out) {
    if (axis == array_.rank()) {
      out += fmt::format("{:>{}}", texts_[next_++], width_);
      return;
    }
    const std::size_t column = indent_ + static_cast<std::size_t>(axis) + 1;
    const bool is_row = axis == array_.rank() - 1;
    const std::size_t room = line_width > column ? line_width - column : 0;
    const std::size_t per_line = is_row ? std::max<std::size_t>(1, room / (width_ + 2)) : 1;
    // An empty line separates matrices of arrays of higher rank.
    const auto breaks = is_row ? std::size_t{1} : static_cast<std::size_t>(array_.rank() - 1 - axis);
    const std::string new_line = std::string(breaks, '\n') + std::string(column, ' ');
    out += '[';
    std::size_t written = 0;
    for (const std::int64_t i : shown_indices(array_.size(axis), is_shortened_)) {
      if (written > 0) out += written % per_line == 0 ? "," + new_line : ", ";
      ++written;
      if (i < 0) {
        out += "...";
      } else {
        write(axis + 1, out);
      }
    }
    out += ']';
  }

  const Array& array_;
  std::array<std::int64_t, Shape::max_rank> strides_;
  std::size_t indent_;
  bool is_shortened_;
  bool leaves_out_ = false;
  std::vector<std::string> texts_;
  std::size_t width_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::string detail::printed(const Array& array, std::string_view name, std::string_view note) {
  if (!array.defined()) return fmt::format("{}(undefined)", name);
  Printer printer(array, name.size() + 1);
  const bool is_empty = array.numel() == 0;
  std::string out = fmt::format("{}({}", name, is_empty ? "[]" : printer.text());
  if ((is_empty && array.rank() > 1) || printer.leaves_out())
    out += fmt::format(", shape={}", to_string(array.shape()));
  const DType dtype = array.dtype();
  if (dtype != DType::f32 && dtype != DType::i64) out += fmt::format(", dtype={}", to_string(dtype));
  if (!note.empty()) out += fmt::format(", {}", note);
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, DType dtype) {
  return out << to_string(dtype);
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << to_string(shape);
}

std::ostream& operator<<(std::ostream& out, const Array& array) {
  return out << detail::printed(array, "array", "");
}

}  // namespace tapestry
