// Heat maps of signed numbers.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// Options of `heat_map`.
struct HeatMapOptions {
  double limit = 0;  ///< the magnitude with full color; 0: the largest in the array
};

/// Draws an array (H, W) as u8 (3, H, W): 0 is white, positive numbers are red, negative ones blue, with an intensity
/// that grows with their magnitude; NaN is black. Throws a ShapeError, DTypeError or ValueError for another array or a
/// negative limit.
Array heat_map(const Array& plane, const HeatMapOptions& options = {});

}  // namespace tapestry::viz
