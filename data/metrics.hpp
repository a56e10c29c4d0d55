// Metrics for segmentation and image quality.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// The intersection over union, averaged over classes: the elements that have the class in both arrays, divided by
/// those that have it in either. Counted over all elements together; classes that occur in neither are ignored
/// (Everingham et al., "The Pascal visual object classes challenge: a retrospective", 2015, section 2.2.3). `predicted`
/// and `truth` are i64 arrays of the same shape with classes in [0, classes). Throws a ShapeError or DTypeError for
/// other arrays, a ValueError for no elements, for classes below 1, and for a class out of range (with its index).
double mean_iou(const Array& predicted, const Array& truth, std::int64_t classes);

/// The peak signal-to-noise ratio in decibels, 10 · log₁₀(peak² / mean squared error), over all elements together;
/// infinite when the images are equal. `image` and `original` are f32 or f64 arrays of the same shape and dtype. Throws
/// a ShapeError or DTypeError for other arrays, and a ValueError for no elements or a peak that is not positive.
double psnr(const Array& image, const Array& original, double peak = 1);

}  // namespace tapestry::data
