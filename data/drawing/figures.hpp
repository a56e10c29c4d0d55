// The figures of the generated data sets, as signed distance functions.
#pragma once

#include <string>
#include <vector>

namespace tapestry::data {

/// A point of the plane; y points down, as in images.
struct Point {
  float x = 0;
  float y = 0;
};

/// The figures that `figure_distance` knows: circle, square, triangle, pentagon, star, cross, ring, crescent, heart,
/// arrow. Each roughly fills the unit circle and is mirror-symmetric.
const std::vector<std::string>& figure_names();

/// The distance from a point to the edge of figure `number`, negative inside (Quilez, "2D distance functions",
/// https://iquilezles.org/articles/distfunctions2d; less than the true distance near the tips of the crescent).
float figure_distance(int number, Point point);

}  // namespace tapestry::data
