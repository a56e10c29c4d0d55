// Pictures of feature maps.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// How `feature_maps_grid` lays out maps.
struct FeatureMapsGridOptions {
  std::int64_t columns = 8;  ///< maps in a row
  std::int64_t enlarge = 1;  ///< every element becomes a square of this side
  std::int64_t padding = 4;  ///< pixels between neighbors and at the edge
};

/// The channels of one image's feature maps, f32 or f64 (C, H, W), as colors (`viridis`): the lowest value of a channel
/// is dark and the highest bright; a constant channel is dark. u8 (3, height, width). Throws a ShapeError, DTypeError
/// or ValueError as `image_grid` does.
Array feature_maps_grid(const Array& maps, const FeatureMapsGridOptions& options = {});

}  // namespace tapestry::viz
