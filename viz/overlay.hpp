// A map of numbers laid over the image that it is about.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// How `overlay` mixes the two.
struct OverlayOptions {
  double limit = 0;      ///< the number that gets the last colour; 0: the largest of the map
  double opacity = 0.5;  ///< the share of the colours in the mixture
};

/// An image, u8 (3 or 1, H, W), under the colours (`spectral`) of a map of numbers, f32 or f64 (H, W): 0 and less is
/// blue, the limit red. u8 (3, H, W). Throws a ShapeError, DTypeError or ValueError when they are not these, do not fit
/// together or an option is out of range.
Array overlay(const Array& image, const Array& map, const OverlayOptions& options = {});

}  // namespace tapestry::viz
