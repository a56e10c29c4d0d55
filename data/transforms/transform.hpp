// Image transforms, applied between the data set and the batch.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry::data {

/// A function from an image, u8 or f32 (C, H, W), to an image. Random numbers come from `random`, so that the result is
/// a function of the two arguments. Any callable will do; it is called from several threads at once and must not modify
/// its argument, though it may return it. The transforms below return channels_last memory, and throw a ShapeError or
/// DTypeError for unsupported images.
using Transform = std::function<Array(const Array& image, RandomStream& random)>;

/// Applies transforms in the given order.
Transform compose(std::vector<Transform> transforms);

/// u8 in 0 to 255 → f32 in [0, 1]. Leaves f32 unchanged.
Transform to_float();

/// (x − mean) / standard_deviation for each channel, on f32. Throws a ValueError when a standard deviation is
/// not positive or the two have different lengths.
Transform normalize(std::vector<double> mean, std::vector<double> standard_deviation);

struct RandomCropOptions {
  Required<std::int64_t> size;  ///< height and width of the result
  std::int64_t padding = 0;     ///< rows and columns of zeros added around the image first
};

/// Crops a square at a uniformly random position. Throws a ValueError when the size is less than 1 or the padding
/// negative, and on use a ShapeError when the padded image is smaller than the square.
Transform random_crop(RandomCropOptions options);

/// Mirrors the image left to right with the given probability. Throws a ValueError when it is outside [0, 1].
Transform random_horizontal_flip(double probability = 0.5);

}  // namespace tapestry::data
