// Numbers as colours.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// How `heat_map` colours numbers.
struct HeatMapOptions {
  double limit = 0;  ///< the magnitude that gets the full colour; 0: the largest of the array
};

/// An array of numbers (H, W) as a picture: 0 is white, positive numbers are the more red, negative ones the more blue;
/// NaN is black: u8 (3, H, W). Throws a ShapeError, DTypeError or ValueError for another array or a negative limit.
Array heat_map(const Array& plane, const HeatMapOptions& options = {});

}  // namespace tapestry::viz
