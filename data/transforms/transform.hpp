// What is done to an image between the data set and the batch.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry::data {

/// Makes an image of an image, u8 or f32 (C, H, W). What it draws, it draws from `random`, so that the result
/// is a function of the two. Any callable will do; several threads call it at once, and it must not change
/// its argument, though it may return it. The ones below return channels_last memory, and throw a ShapeError
/// or DTypeError when the image is not what they take.
using Transform = std::function<Array(const Array& image, RandomStream& random)>;

/// One after the other, in the order given.
Transform compose(std::vector<Transform> transforms);

/// u8 in 0 to 255 → f32 in [0, 1]. Leaves f32 as it is.
Transform to_float();

/// (x − mean) / standard_deviation for each channel, on f32. Throws a ValueError when a standard deviation is
/// not positive or the two have different lengths.
Transform normalize(std::vector<double> mean, std::vector<double> standard_deviation);

struct RandomCropOptions {
  Required<std::int64_t> size;  ///< height and width of the result
  std::int64_t padding = 0;     ///< rows and columns of zeros put around the image first
};

/// A square part of the image at a place drawn evenly among all. Throws a ValueError when the size is less
/// than 1 or the padding negative, and on use a ShapeError when the padded image is smaller than the part.
Transform random_crop(RandomCropOptions options);

/// Left and right exchanged with `probability`. Throws a ValueError when it is outside [0, 1].
Transform random_horizontal_flip(double probability = 0.5);

}  // namespace tapestry::data
