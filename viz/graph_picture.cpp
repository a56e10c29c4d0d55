#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/strokes.hpp>
#include <tapestry/viz/graph_picture.hpp>

namespace tapestry::viz {
namespace {

constexpr data::Color line_color = {205, 205, 205};
constexpr float line_width = 1.3F;
constexpr float rim_width = 2;

void check_size(const char* name, double size) {
  if (!(size > 0)) throw ValueError(fmt::format("graph_picture: {} must be positive, got {}", name, size));
}

void check_number(const char* name, std::size_t number, std::int64_t nodes) {
  if (static_cast<std::int64_t>(number) == nodes) return;
  throw ValueError(fmt::format("graph_picture: expected {} {} (one per node), got {}", nodes, name, number));
}

void check(const SparseAdjacency& graph, const Array& places, const std::vector<data::Color>& colors,
           const GraphPictureOptions& options) {
  const std::int64_t nodes = graph.num_sources();
  if (nodes != graph.num_targets()) {
    throw ShapeError(fmt::format("graph_picture: expected edges among the same nodes, got {} sources and {} targets",
                                 nodes, graph.num_targets()));
  }
  if (places.shape() != Shape{nodes, 2}) {
    throw ShapeError(fmt::format("graph_picture: expected places [{}, 2], got {}", nodes, to_string(places.shape())));
  }
  if (!is_floating(places.dtype())) throw_not_floating("graph_picture", places.dtype());
  check_number("colors", colors.size(), nodes);
  if (!options.rims.empty()) check_number("rims", options.rims.size(), nodes);
  if (!options.names.empty()) check_number("names", options.names.size(), nodes);
  check_size("width", static_cast<double>(options.width));
  check_size("height", static_cast<double>(options.height));
  check_size("radius", options.radius);
}

data::Color darker(data::Color color) {
  const auto part = [](int value) { return static_cast<std::uint8_t>(value * 6 / 10); };
  return {part(color.red), part(color.green), part(color.blue)};
}

/// The centers of the nodes in pixels, with a margin so that no node is cut off.
std::vector<data::Point> middles(const Array& places, const GraphPictureOptions& options) {
  const double margin = options.radius + 2;
  const auto scaled = [&](double place, std::int64_t size) {
    return static_cast<float>(margin + place * (static_cast<double>(size) - 2 * margin));
  };
  std::vector<data::Point> result;
  const auto values = places.to(DType::f64).to_vector<double>();
  for (std::size_t i = 0; i < values.size(); i += 2) {
    result.push_back({scaled(values[i], options.width), scaled(values[i + 1], options.height)});
  }
  return result;
}

/// Centers text on a point; capitals are 7 pixels high.
void write_name(Array& picture, data::Point middle, std::string_view name, data::Color on) {
  const bool is_dark = on.red * 3 + on.green * 6 + on.blue < 1400;
  const auto x = std::lround(middle.x - static_cast<float>(data::text_width(name) - 1) / 2);
  data::draw_text(picture, x, std::lround(middle.y - 3.5F), name,
                  is_dark ? data::Color{255, 255, 255} : data::Color{30, 30, 30});
}

}  // namespace

Array graph_picture(const SparseAdjacency& graph, const Array& places, const std::vector<data::Color>& colors,
                    const GraphPictureOptions& options) {
  check(graph, places, colors, options);
  Array picture = Array::full({3, options.height, options.width}, 255, DType::u8, MemoryFormat::channels_last);
  const std::vector<data::Point> at = middles(places, options);
  std::set<std::pair<std::int64_t, std::int64_t>> drawn;
  for (const auto& edge : graph.edges()) {
    if (!drawn.insert(std::minmax(edge.source, edge.target)).second) continue;
    data::draw_line(picture, at[static_cast<std::size_t>(edge.source)], at[static_cast<std::size_t>(edge.target)],
                    line_width, line_color);
  }
  const auto radius = static_cast<float>(options.radius);
  for (std::size_t node = 0; node < at.size(); ++node) {
    data::fill_disc(picture, at[node], radius, options.rims.empty() ? darker(colors[node]) : options.rims[node]);
    if (radius > rim_width) data::fill_disc(picture, at[node], radius - rim_width, colors[node]);
    if (!options.names.empty()) write_name(picture, at[node], options.names[node], colors[node]);
  }
  return picture;
}

}  // namespace tapestry::viz
