#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/viz/confusion_matrix.hpp>

namespace tapestry::viz {
namespace {

using data::Color;

constexpr Color white = {255, 255, 255};
constexpr Color dark = {40, 40, 40};
constexpr Color right_color = {33, 102, 172};
constexpr Color wrong_color = {178, 24, 43};
constexpr std::int64_t text_scale = 2;
constexpr std::int64_t letter_height = 7 * text_scale;
/// The space above letters, for accents of capitals.
constexpr std::int64_t accent_height = 3 * text_scale;
constexpr std::int64_t gap = 10;

Array blank(std::int64_t height, std::int64_t width) {
  Array canvas = Array::empty({3, height, width}, DType::u8, MemoryFormat::channels_last);
  data::fill_rectangle(canvas, 0, 0, width, height, white);
  return canvas;
}

Array written(const std::string& text) {
  // More than the letters, for accents and descenders.
  Array picture = blank(accent_height + letter_height + 3 * text_scale, data::text_width(text, text_scale));
  data::draw_text(picture, 0, accent_height, text, dark, text_scale);
  return picture;
}

/// Rotates by 90° counterclockwise, so that text reads from bottom to top.
Array turned(const Array& picture) {
  const std::int64_t height = picture.size(2), width = picture.size(1);
  Array result = Array::empty({3, height, width}, DType::u8);
  auto* out = result.mutable_data<std::uint8_t>();
  const auto* in = picture.data<std::uint8_t>();
  const auto from = picture.strides();
  for (std::int64_t channel = 0; channel < 3; ++channel) {
    for (std::int64_t row = 0; row < height; ++row) {
      for (std::int64_t column = 0; column < width; ++column) {
        *out++ = in[channel * from[0] + column * from[1] + (height - 1 - row) * from[2]];
      }
    }
  }
  return result;
}

Color mixed(Color color, double share) {
  const auto mix = [share](std::uint8_t part) {
    return static_cast<std::uint8_t>(std::lround(255 + share * (part - 255)));
  };
  return {mix(color.red), mix(color.green), mix(color.blue)};
}

void check(const Array& counts, const std::vector<std::string>& class_names) {
  if (counts.rank() != 2 || counts.size(0) != counts.size(1) || counts.dtype() != DType::i64) {
    throw ShapeError(fmt::format("confusion_matrix: expected counts i64 (K, K), got {}", to_string(counts)));
  }
  if (counts.size(0) == 0 || std::ssize(class_names) != counts.size(0)) {
    throw ValueError(fmt::format("confusion_matrix: expected one name per class and at least one class, got {} for {}",
                                 class_names.size(), to_string(counts)));
  }
}

}  // namespace

Array confusion_counts(const Array& labels, const Array& predicted, std::int64_t classes) {
  const bool are_labels = labels.rank() == 1 && labels.shape() == predicted.shape() && labels.dtype() == DType::i64 &&
                          predicted.dtype() == DType::i64;
  if (!are_labels) {
    throw ShapeError(fmt::format("confusion_counts: expected labels and predicted i64 (N), got {} and {}",
                                 to_string(labels), to_string(predicted)));
  }
  Array counts = Array::zeros({classes, classes}, DType::i64);
  auto* count = counts.mutable_data<std::int64_t>();
  const auto* label = labels.data<std::int64_t>();
  const auto* answer = predicted.data<std::int64_t>();
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    for (const std::int64_t one : {label[i], answer[i]}) {
      if (one < 0 || one >= classes) {
        throw ValueError(
            fmt::format("confusion_counts: sample {}: expected a class in [0, {}), got {}", i, classes, one));
      }
    }
    ++count[label[i] * classes + answer[i]];
  }
  return counts;
}

Array confusion_matrix(const Array& counts, const std::vector<std::string>& class_names) {
  check(counts, class_names);
  const auto values = counts.to_vector<std::int64_t>();
  const std::int64_t classes = counts.size(0);
  std::int64_t name_width = 0, number_width = 0;
  for (const std::string& name : class_names) name_width = std::max(name_width, data::text_width(name, text_scale));
  for (const std::int64_t value : values) {
    number_width = std::max(number_width, data::text_width(std::to_string(value), text_scale));
  }
  const std::int64_t cell = std::max(number_width, 2 * letter_height) + gap;
  // "true" and the class names on the left, "predicted" and the class names on top.
  const std::int64_t margin = gap + letter_height + gap + name_width + gap;
  Array canvas = blank(margin + classes * cell + gap, margin + classes * cell + gap);
  const std::int64_t middle = margin + classes * cell / 2;
  const Array truth = turned(written("true")), predicted = written("predicted");
  data::paste(canvas, truth, gap - accent_height, middle - truth.size(1) / 2);
  data::paste(canvas, predicted, middle - predicted.size(2) / 2, gap - accent_height);

  // Cells cover all but the lines between them.
  data::fill_rectangle(canvas, margin, margin, classes * cell + 1, classes * cell + 1, {225, 225, 225});
  for (std::int64_t row = 0; row < classes; ++row) {
    const Array name = written(class_names[static_cast<std::size_t>(row)]), upright = turned(name);
    const std::int64_t center = margin + row * cell + (cell - letter_height) / 2 - accent_height;
    data::paste(canvas, name, margin - gap - name.size(2), center);
    data::paste(canvas, upright, center, margin - gap - upright.size(1));
    const auto first = values.begin() + row * classes;
    std::int64_t total = 0;
    for (auto value = first; value != first + classes; ++value) total += *value;
    for (std::int64_t column = 0; column < classes; ++column) {
      const std::int64_t count = first[column];
      const double share = total > 0 ? std::sqrt(static_cast<double>(count) / static_cast<double>(total)) : 0;
      const std::int64_t x = margin + column * cell, y = margin + row * cell;
      data::fill_rectangle(canvas, x + 1, y + 1, cell - 1, cell - 1,
                           mixed(row == column ? right_color : wrong_color, share));
      if (count == 0) continue;
      const std::string text = std::to_string(count);
      data::draw_text(canvas, x + (cell - data::text_width(text, text_scale)) / 2, y + (cell - letter_height) / 2, text,
                      share > 0.6 ? white : dark, text_scale);
    }
  }
  return canvas;
}

}  // namespace tapestry::viz
