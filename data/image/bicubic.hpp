// Bicubic enlargement of images, the baseline for super-resolution.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// Images f32 (N, C, H, W) → (N, C, factor · H, factor · W), in the same memory format, by cubic convolution with a =
/// −½, which reproduces quadratic polynomials exactly (Keys, "Cubic convolution interpolation for digital image
/// processing", 1981). Pixel i of an axis lies at (i + ½) / factor − ½ in the input, as in `interpolate`; beyond the
/// edges the outermost pixels are repeated. Values may slightly overshoot those of the input. Throws a ShapeError or
/// DTypeError for other arrays and a ValueError for a factor below 1.
Array enlarge_bicubic(const Array& images, std::int64_t factor);

}  // namespace tapestry::data
