// Pictures of segmentation masks.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// Draws classes, i64 (H, W), as u8 (3, H, W): class 0 is nearly black, classes 1 to 10 have distinct colors, which
/// then repeat. Throws a ShapeError or DTypeError for another array, and a ValueError for a negative class.
Array mask_picture(const Array& mask);

}  // namespace tapestry::viz
