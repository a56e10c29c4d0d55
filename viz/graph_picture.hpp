// Pictures of graphs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>
#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::viz {

struct GraphPictureOptions {
  std::int64_t width = 400;             ///< of the picture, in pixels
  std::int64_t height = 400;            ///< of the picture, in pixels
  double radius = 8;                    ///< of a node, in pixels
  std::vector<data::Color> rims = {};   ///< the color around each node; if empty, a darker shade of the node's
  std::vector<std::string> names = {};  ///< written on the nodes; may be empty
};

/// Draws every edge as a line, regardless of direction, and every node as a disc of its color: u8 (3, height, width) on
/// white. `places` (nodes, 2) are x and y in [0, 1], from the top left corner (see `force_layout`). Throws a ShapeError
/// or DTypeError for places that are not floating and of that shape, and a ValueError unless there is a color, rim and
/// name per node and all sizes are positive.
Array graph_picture(const SparseAdjacency& graph, const Array& places, const std::vector<data::Color>& colors,
                    const GraphPictureOptions& options = {});

}  // namespace tapestry::viz
