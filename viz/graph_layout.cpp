#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/viz/graph_layout.hpp>

namespace tapestry::viz {
namespace {

constexpr std::uint64_t layout_stream = 0x6c61796f7574'0000;

struct Place {
  double x = 0;
  double y = 0;
};

void check(const SparseAdjacency& graph, const ForceLayoutOptions& options) {
  if (graph.num_sources() != graph.num_targets()) {
    throw ShapeError(fmt::format("force_layout: expected edges among the same nodes, got {} sources and {} targets",
                                 graph.num_sources(), graph.num_targets()));
  }
  if (options.steps < 0) {
    throw ValueError(fmt::format("force_layout: steps must not be negative, got {}", options.steps));
  }
}

/// Adds `factor` times `away`, the vector from b to a, to the movement of a and subtracts it from that of b.
void push_apart(Place& movement_a, Place& movement_b, Place away, double factor) {
  movement_a.x += factor * away.x;
  movement_a.y += factor * away.y;
  movement_b.x -= factor * away.x;
  movement_b.y -= factor * away.y;
}

/// The forces on all nodes; `unit` is the distance at which repulsion and attraction of two neighbors balance.
std::vector<Place> forces(const SparseAdjacency& graph, const std::vector<Place>& places, double unit) {
  std::vector<Place> result(places.size());
  for (std::size_t a = 0; a < places.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const Place away = {places[a].x - places[b].x, places[a].y - places[b].y};
      const double square = std::max(away.x * away.x + away.y * away.y, 1e-9);
      push_apart(result[a], result[b], away, unit * unit / square);
    }
    // As strong as the repulsion by a third of the nodes at the center.
    const double pull = static_cast<double>(places.size()) / 3 * unit;
    result[a].x -= pull * places[a].x;
    result[a].y -= pull * places[a].y;
  }
  for (const auto& edge : graph.edges()) {
    const auto a = static_cast<std::size_t>(edge.source), b = static_cast<std::size_t>(edge.target);
    const Place away = {places[a].x - places[b].x, places[a].y - places[b].y};
    push_apart(result[a], result[b], away, -std::hypot(away.x, away.y) / unit);
  }
  return result;
}

/// Scales and centers the positions in the unit square.
Array fitted(const std::vector<Place>& places) {
  Array result = Array::empty({static_cast<std::int64_t>(places.size()), 2}, DType::f64);
  if (places.empty()) return result;
  const auto [left, right] = std::ranges::minmax(places, {}, &Place::x);
  const auto [top, bottom] = std::ranges::minmax(places, {}, &Place::y);
  const double size = std::max({right.x - left.x, bottom.y - top.y, 1e-9});
  auto* out = result.mutable_data<double>();
  for (const Place& place : places) {
    *out++ = 0.5 + (place.x - (left.x + right.x) / 2) / size;
    *out++ = 0.5 + (place.y - (top.y + bottom.y) / 2) / size;
  }
  return result;
}

}  // namespace

Array force_layout(const SparseAdjacency& graph, const ForceLayoutOptions& options) {
  check(graph, options);
  RandomStream random{.seed = options.seed, .stream = layout_stream};
  const Array first = random.uniform({graph.num_sources(), 2}, -0.5, 0.5, DType::f64);
  std::vector<Place> places(static_cast<std::size_t>(graph.num_sources()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i] = {first.data<double>()[2 * i], first.data<double>()[2 * i + 1]};
  }
  const double unit = 1 / std::sqrt(std::max<double>(1, static_cast<double>(places.size())));
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const double furthest = 0.1 * (1 - static_cast<double>(step) / static_cast<double>(options.steps));
    const std::vector<Place> force = forces(graph, places, unit);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const double length = std::max(std::hypot(force[i].x, force[i].y), 1e-9);
      places[i].x += force[i].x * std::min(1.0, furthest / length);
      places[i].y += force[i].y * std::min(1.0, furthest / length);
    }
  }
  return fitted(places);
}

}  // namespace tapestry::viz
