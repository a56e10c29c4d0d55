// The classes of pixels as colours.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// Classes, i64 (H, W), as a picture, u8 (3, H, W): class 0 is nearly black, classes 1 to 10 have colours that are told
/// apart easily, and then the same ten come again. Throws a ShapeError or DTypeError for another array, and a
/// ValueError for a negative class.
Array mask_picture(const Array& mask);

}  // namespace tapestry::viz
