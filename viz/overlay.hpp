// Overlays of a heat map on an image.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// Options of `overlay`.
struct OverlayOptions {
  double limit = 0;      ///< the number with the last color; 0: the largest in the map
  double opacity = 0.5;  ///< the fraction of the colors in the mixture
};

/// Draws a map, f32 or f64 (H, W), in colors (`spectral`) over an image, u8 (3 or 1, H, W): 0 and less is blue, the
/// limit red. The result is u8 (3, H, W). Throws a ShapeError, DTypeError or ValueError for other arrays, sizes that do
/// not match, or an option out of range.
Array overlay(const Array& image, const Array& map, const OverlayOptions& options = {});

}  // namespace tapestry::viz
