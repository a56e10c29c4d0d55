#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <tapestry/viz/color_scale.hpp>

namespace tapestry::viz {
namespace {

using data::Color;

/// Interpolates between the two stops around `share`; stops are evenly spaced.
Color between(std::span<const Color> stops, double share) {
  const double place = (share > 0 ? std::min(share, 1.0) : 0.0) * static_cast<double>(stops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), stops.size() - 2);
  const double rest = place - static_cast<double>(below);
  const auto mix = [rest](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + rest * (b - a)));
  };
  const Color &low = stops[below], &high = stops[below + 1];
  return {mix(low.red, high.red), mix(low.green, high.green), mix(low.blue, high.blue)};
}

}  // namespace

Color viridis(double share) {
  static constexpr std::array<Color, 9> stops = {{{68, 1, 84},
                                                  {71, 44, 122},
                                                  {59, 81, 139},
                                                  {44, 113, 142},
                                                  {33, 144, 141},
                                                  {39, 173, 129},
                                                  {92, 200, 99},
                                                  {170, 220, 50},
                                                  {253, 231, 37}}};
  return between(stops, share);
}

Color spectral(double share) {
  static constexpr std::array<Color, 11> stops = {{{94, 79, 162},
                                                   {50, 136, 189},
                                                   {102, 194, 165},
                                                   {171, 221, 164},
                                                   {230, 245, 152},
                                                   {255, 255, 191},
                                                   {254, 224, 139},
                                                   {253, 174, 97},
                                                   {244, 109, 67},
                                                   {213, 62, 79},
                                                   {158, 1, 66}}};
  return between(stops, share);
}

}  // namespace tapestry::viz
