#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/image_grid.hpp>

namespace tapestry::viz {
namespace {

constexpr std::int64_t line_height = 12;  // of data::draw_text
constexpr std::int64_t caption_gap = 6;
constexpr data::Color background = {255, 255, 255};

void check_images(const std::vector<Array>& images, const ImageGridOptions& options) {
  if (images.empty()) throw ValueError("image_grid: expected at least one image");
  if (!options.captions.empty() && options.captions.size() != images.size()) {
    throw ValueError(fmt::format("image_grid: expected {} captions, one for each image, got {}", images.size(),
                                 options.captions.size()));
  }
  if (options.columns < 1 || options.enlarge < 1 || options.padding < 0 || options.caption_scale < 1) {
    throw ValueError(
        fmt::format("image_grid: columns, enlarge and caption_scale must be at least 1 and padding at least 0, got "
                    "{}, {}, {} and {}",
                    options.columns, options.enlarge, options.caption_scale, options.padding));
  }
  for (const Array& image : images) {
    if (image.rank() != 3 || (image.size(0) != 3 && image.size(0) != 1)) {
      throw ShapeError(fmt::format("image_grid: expected images (3 or 1, H, W), got {}", to_string(image)));
    }
    if (image.dtype() != DType::u8) {
      throw DTypeError(fmt::format("image_grid: expected u8 images, got {}", to_string(image)));
    }
  }
}

/// Breaks `text` into lines of at most `width` pixels; a longer word gets its own line.
std::vector<std::string> wrap(const std::string& text, std::int64_t width, std::int64_t scale) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    const bool fits = !lines.empty() && data::text_width(lines.back() + ' ' + word, scale) <= width;
    if (fits) {
      lines.back() += ' ' + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

/// The sizes of the cells, the positions of the rows and the lines of the captions.
struct Layout {
  std::int64_t columns = 0;
  std::int64_t image_height = 0;
  std::int64_t width = 0;
  std::vector<std::int64_t> row_tops;
  std::int64_t bottom = 0;
  std::vector<std::vector<std::string>> captions;
};

Layout lay_out(const std::vector<Array>& images, const ImageGridOptions& options) {
  Layout layout;
  for (const Array& image : images) {
    layout.image_height = std::max(layout.image_height, image.size(1) * options.enlarge);
    layout.width = std::max(layout.width, image.size(2) * options.enlarge);
  }
  const std::int64_t image_width = layout.width;
  for (const Caption& caption : options.captions) {
    layout.captions.push_back(wrap(caption.text, image_width, options.caption_scale));
    for (const std::string& line : layout.captions.back()) {
      layout.width = std::max(layout.width, data::text_width(line, options.caption_scale));
    }
  }

  layout.columns = std::min(options.columns, std::ssize(images));
  layout.bottom = options.padding;
  for (std::int64_t first = 0; first < std::ssize(images); first += layout.columns) {
    std::int64_t lines = 0;
    for (std::int64_t i = first; i < std::min(first + layout.columns, std::ssize(layout.captions)); ++i) {
      lines = std::max(lines, std::ssize(layout.captions[static_cast<std::size_t>(i)]));
    }
    const std::int64_t text_height = lines > 0 ? caption_gap + lines * line_height * options.caption_scale : 0;
    layout.row_tops.push_back(layout.bottom);
    layout.bottom += layout.image_height + text_height + options.padding;
  }
  return layout;
}

/// The minimum and maximum of the finite values; both 0 when there are none.
std::pair<float, float> range(const float* values, std::int64_t count) {
  float low = INFINITY;
  float high = -INFINITY;
  for (const float* value = values; value != values + count; ++value) {
    if (!std::isfinite(*value)) continue;
    low = std::min(low, *value);
    high = std::max(high, *value);
  }
  return low <= high ? std::pair(low, high) : std::pair(0.0F, 0.0F);
}

/// Maps [0, 1] to [0, 255]; NaN becomes 0.
std::uint8_t to_byte(float value) {
  return value >= 0 ? static_cast<std::uint8_t>(std::lround(255 * std::min(value, 1.0F))) : std::uint8_t{0};
}

}  // namespace

Array image_grid(const std::vector<Array>& images, const ImageGridOptions& options) {
  check_images(images, options);
  const Layout layout = lay_out(images, options);
  const std::int64_t step = layout.width + options.padding;
  Array canvas =
      Array::empty({3, layout.bottom, layout.columns * step + options.padding}, DType::u8, MemoryFormat::channels_last);
  data::fill_rectangle(canvas, 0, 0, canvas.size(2), canvas.size(1), background);

  for (std::int64_t i = 0; i < std::ssize(images); ++i) {
    const auto index = static_cast<std::size_t>(i);
    const std::int64_t left = options.padding + i % layout.columns * step;
    const std::int64_t top = layout.row_tops[static_cast<std::size_t>(i / layout.columns)];
    const Array picture = data::enlarge(images[index], options.enlarge);
    data::paste(canvas, picture, left + (layout.width - picture.size(2)) / 2,
                top + (layout.image_height - picture.size(1)) / 2);
    if (options.captions.empty()) continue;
    std::int64_t y = top + layout.image_height + caption_gap;
    for (const std::string& line : layout.captions[index]) {
      const std::int64_t indent = (layout.width - data::text_width(line, options.caption_scale)) / 2;
      data::draw_text(canvas, left + indent, y, line, options.captions[index].color, options.caption_scale);
      y += line_height * options.caption_scale;
    }
  }
  return canvas;
}

Array filters_grid(const Array& weight, const FiltersGridOptions& options) {
  if (weight.rank() != 4 || (weight.size(1) != 3 && weight.size(1) != 1)) {
    throw ShapeError(fmt::format("filters_grid: expected a weight (K, 3 or 1, kh, kw), got {}", to_string(weight)));
  }
  if (!is_floating(weight.dtype())) throw_not_floating("filters_grid", weight.dtype());
  const Array dense = weight.to(DType::f32).contiguous();
  const float* values = dense.data<float>();
  const std::int64_t filter_size = weight.numel() / std::max<std::int64_t>(weight.size(0), 1);
  const auto of_all = range(values, weight.numel());

  std::vector<Array> pictures;
  for (std::int64_t k = 0; k < weight.size(0); ++k) {
    const float* filter = values + k * filter_size;
    const auto [low, high] = options.common_range ? of_all : range(filter, filter_size);
    Array picture = Array::empty({weight.size(1), weight.size(2), weight.size(3)}, DType::u8);
    auto* out = picture.mutable_data<std::uint8_t>();
    for (std::int64_t i = 0; i < filter_size; ++i) {
      out[i] = high > low ? to_byte((filter[i] - low) / (high - low)) : std::uint8_t{128};
    }
    pictures.push_back(std::move(picture));
  }
  return image_grid(pictures, {.columns = options.columns, .enlarge = options.enlarge, .padding = options.padding});
}

Array to_picture(const Array& image, const std::vector<double>& mean, const std::vector<double>& standard_deviation) {
  if (image.rank() != 3 || image.size(0) != std::ssize(mean) || mean.size() != standard_deviation.size()) {
    throw ShapeError(
        fmt::format("to_picture: expected an image (C, H, W) with C means and C standard deviations, "
                    "got {}, {} and {}",
                    to_string(image), mean.size(), standard_deviation.size()));
  }
  if (image.dtype() != DType::f32) {
    throw DTypeError(fmt::format("to_picture: expected f32, got {}", to_string(image)));
  }
  const Array dense = image.contiguous();
  const float* in = dense.data<float>();
  Array picture = Array::empty(image.shape(), DType::u8);
  auto* out = picture.mutable_data<std::uint8_t>();
  const std::int64_t pixels = image.size(1) * image.size(2);
  for (std::int64_t i = 0; i < image.numel(); ++i) {
    const auto channel = static_cast<std::size_t>(i / pixels);
    out[i] = to_byte(static_cast<float>(in[i] * standard_deviation[channel] + mean[channel]));
  }
  return picture;
}

}  // namespace tapestry::viz
