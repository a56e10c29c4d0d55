#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/image/detail/layout.hpp>
#include <tapestry/data/transforms/transform.hpp>

namespace tapestry::data {
namespace {

/// Checks that `image` is an image and returns it in channels_last memory.
Array checked_image(std::string_view operation, const Array& image) {
  if (!image.defined() || image.rank() != 3) {
    throw ShapeError(fmt::format("{}: expected an image (C, H, W), got {}", operation, to_string(image)));
  }
  if (image.dtype() != DType::u8 && image.dtype() != DType::f32) {
    throw DTypeError(fmt::format("{}: expected u8 or f32, got {}", operation, to_string(image)));
  }
  return to_channels_last(image);
}

template <class Body>
void visit_image(DType dtype, const Body& body) {
  if (dtype == DType::u8) {
    body.template operator()<std::uint8_t>();
  } else {
    body.template operator()<float>();
  }
}

Array empty_image(std::int64_t channels, std::int64_t height, std::int64_t width, DType dtype) {
  return Array::empty({channels, height, width}, dtype, MemoryFormat::channels_last);
}

/// The `size` × `size` square whose top left corner is at (top, left) of the image, with zeros outside the image.
template <class T>
void copy_part(const Array& image, std::int64_t top, std::int64_t left, std::int64_t size, T* out) {
  const std::int64_t channels = image.size(0);
  const std::int64_t width = image.size(2);
  const T* in = image.data<T>();
  const std::int64_t first = std::clamp<std::int64_t>(-left, 0, size);
  const std::int64_t last = std::clamp<std::int64_t>(width - left, first, size);
  for (std::int64_t row = 0; row < size; ++row, out += size * channels) {
    const std::int64_t source = top + row;
    if (source < 0 || source >= image.size(1)) {
      std::fill_n(out, size * channels, T{0});
      continue;
    }
    const T* from = in + (source * width + left) * channels;
    std::fill(out, out + first * channels, T{0});
    std::copy(from + first * channels, from + last * channels, out + first * channels);
    std::fill(out + last * channels, out + size * channels, T{0});
  }
}

template <class T>
void reverse_rows(const Array& image, T* out) {
  const std::int64_t channels = image.size(0);
  const std::int64_t width = image.size(2);
  const T* in = image.data<T>();
  for (std::int64_t row = 0; row < image.size(1); ++row, in += width * channels) {
    for (std::int64_t column = width - 1; column >= 0; --column) {
      for (std::int64_t channel = 0; channel < channels; ++channel) *out++ = in[column * channels + channel];
    }
  }
}

/// The values of one pixel, repeated for a row.
std::vector<float> repeated(const std::vector<double>& pixel, std::int64_t width) {
  std::vector<float> row;
  row.reserve(pixel.size() * static_cast<std::size_t>(width));
  for (std::int64_t column = 0; column < width; ++column) {
    for (const double value : pixel) row.push_back(static_cast<float>(value));
  }
  return row;
}

}  // namespace

Transform compose(std::vector<Transform> transforms) {
  return [transforms = std::move(transforms)](const Array& image, RandomStream& random) {
    Array result = image;
    for (const Transform& transform : transforms) result = transform(result, random);
    return result;
  };
}

Transform to_float() {
  return [](const Array& image, RandomStream&) {
    const Array in = checked_image("to_float", image);
    if (in.dtype() == DType::f32) return in;
    Array result = empty_image(in.size(0), in.size(1), in.size(2), DType::f32);
    const auto* bytes = in.data<std::uint8_t>();
    std::transform(bytes, bytes + in.numel(), result.mutable_data<float>(),
                   [](std::uint8_t value) { return static_cast<float>(value) / 255.0F; });
    return result;
  };
}

Transform normalize(std::vector<double> mean, std::vector<double> standard_deviation) {
  if (mean.size() != standard_deviation.size()) {
    throw ValueError(fmt::format("normalize: expected as many standard deviations as means ({}), got {}", mean.size(),
                                 standard_deviation.size()));
  }
  for (const double deviation : standard_deviation) {
    if (!(deviation > 0)) {
      throw ValueError(fmt::format("normalize: standard deviations must be positive, got {}", deviation));
    }
  }
  return [mean = std::move(mean), deviation = std::move(standard_deviation)](const Array& image, RandomStream&) {
    const Array in = checked_image("normalize", image);
    if (in.dtype() != DType::f32) {
      throw DTypeError(
          fmt::format("normalize: expected f32, got {}\nhint: add to_float() before it", to_string(image)));
    }
    if (in.size(0) != static_cast<std::int64_t>(mean.size())) {
      throw ShapeError(fmt::format("normalize: expected {} channels (as many as means), got {}", mean.size(),
                                   to_string(in.shape())));
    }
    Array result = Array::empty_like(in);
    // Over whole rows, so that the inner loop is long enough to vectorize.
    const std::vector<float> means = repeated(mean, in.size(2));
    const std::vector<float> deviations = repeated(deviation, in.size(2));
    const float* from = in.data<float>();
    float* to = result.mutable_data<float>();
    for (std::int64_t row = 0; row < in.size(1); ++row, from += means.size(), to += means.size()) {
      for (std::size_t i = 0; i < means.size(); ++i) to[i] = (from[i] - means[i]) / deviations[i];
    }
    return result;
  };
}

Transform random_crop(RandomCropOptions options) {
  const std::int64_t size = options.size;
  const std::int64_t padding = options.padding;
  if (size < 1) throw ValueError(fmt::format("random_crop: size must be at least 1, got {}", size));
  if (padding < 0) throw ValueError(fmt::format("random_crop: padding must not be negative, got {}", padding));
  return [size, padding](const Array& image, RandomStream& random) {
    const Array in = checked_image("random_crop", image);
    const std::int64_t rows = in.size(1) + 2 * padding - size + 1;
    const std::int64_t columns = in.size(2) + 2 * padding - size + 1;
    if (rows < 1 || columns < 1) {
      throw ShapeError(fmt::format("random_crop: expected at least {} x {} pixels (padding {}), got {}", size, size,
                                   padding, to_string(in.shape())));
    }
    const std::int64_t top = random.integers({}, rows).data<std::int64_t>()[0] - padding;
    const std::int64_t left = random.integers({}, columns).data<std::int64_t>()[0] - padding;
    Array result = empty_image(in.size(0), size, size, in.dtype());
    visit_image(in.dtype(), [&]<class T>() { copy_part(in, top, left, size, result.mutable_data<T>()); });
    return result;
  };
}

Transform random_horizontal_flip(double probability) {
  if (!(probability >= 0 && probability <= 1)) {
    throw ValueError(fmt::format("random_horizontal_flip: probability must be in [0, 1], got {}", probability));
  }
  return [probability](const Array& image, RandomStream& random) {
    const Array in = checked_image("random_horizontal_flip", image);
    if (static_cast<double>(random.uniform({}).data<float>()[0]) >= probability) return in;
    Array result = Array::empty_like(in);
    visit_image(in.dtype(), [&]<class T>() { reverse_rows(in, result.mutable_data<T>()); });
    return result;
  };
}

}  // namespace tapestry::data
