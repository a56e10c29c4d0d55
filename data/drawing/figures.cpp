#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include <tapestry/data/drawing/figures.hpp>

namespace tapestry::data {
namespace {

constexpr float pi = std::numbers::pi_v<float>;

float length(float x, float y) {
  return std::sqrt(x * x + y * y);
}

float square(float x) {
  return x * x;
}

/// The corners of a polygon whose radius alternates between two values; the first corner is on top.
template <std::size_t Corners>
std::array<Point, Corners> corners_on_circles(float even_radius, float odd_radius) {
  std::array<Point, Corners> corners;
  for (std::size_t i = 0; i < Corners; ++i) {
    const float angle = 2 * pi * static_cast<float>(i) / static_cast<float>(Corners);
    const float radius = i % 2 == 0 ? even_radius : odd_radius;
    corners[i] = {radius * std::sin(angle), -radius * std::cos(angle)};
  }
  return corners;
}

float polygon(Point p, std::span<const Point> corners) {
  float nearest = square(p.x - corners[0].x) + square(p.y - corners[0].y);
  float sign = 1;
  Point b = corners.back();
  for (const Point a : corners) {
    const Point edge{b.x - a.x, b.y - a.y};
    const Point to{p.x - a.x, p.y - a.y};
    const float along = std::clamp((to.x * edge.x + to.y * edge.y) / (square(edge.x) + square(edge.y)), 0.0F, 1.0F);
    nearest = std::min(nearest, square(to.x - edge.x * along) + square(to.y - edge.y * along));
    // Even-odd rule: does the ray from p cross this edge?
    const bool below_a = p.y >= a.y;
    const bool above_b = p.y < b.y;
    const bool left = edge.x * to.y > edge.y * to.x;
    if ((below_a && above_b && left) || (!below_a && !above_b && !left)) sign = -sign;
    b = a;
  }
  return sign * std::sqrt(nearest);
}

float circle(Point p) {
  return length(p.x, p.y) - 0.9F;
}

float box(Point p) {
  const float x = std::abs(p.x) - 0.76F;
  const float y = std::abs(p.y) - 0.76F;
  return length(std::max(x, 0.0F), std::max(y, 0.0F)) + std::min(std::max(x, y), 0.0F);
}

float triangle(Point p) {
  static const auto corners = corners_on_circles<3>(1.1F, 1.1F);
  return polygon(p, corners);
}

float pentagon(Point p) {
  static const auto corners = corners_on_circles<5>(1, 1);
  return polygon(p, corners);
}

float star(Point p) {
  static const auto corners = corners_on_circles<10>(1.1F, 0.45F);
  return polygon(p, corners);
}

float cross(Point p) {
  constexpr float w = 0.3F;
  static constexpr std::array<Point, 12> corners = {
      {{-w, -1}, {w, -1}, {w, -w}, {1, -w}, {1, w}, {w, w}, {w, 1}, {-w, 1}, {-w, w}, {-1, w}, {-1, -w}, {-w, -w}}};
  return polygon(p, corners);
}

float ring(Point p) {
  return std::abs(length(p.x, p.y) - 0.72F) - 0.22F;
}

float crescent(Point p) {
  return std::max(length(p.x, p.y) - 0.95F, 0.78F - length(p.x - 0.5F, p.y));
}

float heart(Point p) {
  constexpr float scale = 1.6F;
  const float x = std::abs(p.x) / scale;
  const float y = (0.87F - p.y) / scale;
  if (x + y > 1) return scale * (length(x - 0.25F, y - 0.75F) - std::sqrt(2.0F) / 4);
  const float corner = std::max(x + y, 0.0F) / 2;
  const float distance = std::min(length(x, y - 1), length(x - corner, y - corner));
  return scale * (x > y ? distance : -distance);
}

float arrow(Point p) {
  static constexpr std::array<Point, 7> corners = {
      {{0, -1.1F}, {0.8F, -0.15F}, {0.28F, -0.15F}, {0.28F, 1}, {-0.28F, 1}, {-0.28F, -0.15F}, {-0.8F, -0.15F}}};
  return polygon(p, corners);
}

struct Figure {
  const char* name;
  float (*distance)(Point);
};

constexpr std::array<Figure, 10> figures = {{{"circle", circle},
                                             {"square", box},
                                             {"triangle", triangle},
                                             {"pentagon", pentagon},
                                             {"star", star},
                                             {"cross", cross},
                                             {"ring", ring},
                                             {"crescent", crescent},
                                             {"heart", heart},
                                             {"arrow", arrow}}};

}  // namespace

const std::vector<std::string>& figure_names() {
  static const auto names = [] {
    std::vector<std::string> result;
    for (const Figure& figure : figures) result.emplace_back(figure.name);
    return result;
  }();
  return names;
}

float figure_distance(int number, Point point) {
  return figures[static_cast<std::size_t>(number)].distance(point);
}

}  // namespace tapestry::data
