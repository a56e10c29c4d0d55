// Building blocks of generated images: random numbers for one image, textures, and placed figures.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/core/random.hpp>
#include <tapestry/data/drawing/figures.hpp>

namespace tapestry::data {

/// Red, green and blue in [0, 1].
using Rgb = std::array<float, 3>;

/// The sequence of random numbers of one image.
class Draws {
 public:
  explicit Draws(Philox random) : random_(random) {}

  /// In [0, 1).
  float unit();
  float between(float low, float high) { return low + unit() * (high - low); }
  int below(int bound) { return static_cast<int>(unit() * static_cast<float>(bound)); }
  Rgb color();

 private:
  Philox random_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = words_.size();
};

/// A pattern of two colors over an image of `side` × `side` pixels.
class Texture {
 public:
  Texture(Draws& draws, Rgb color, std::int64_t side);

  Rgb at(float x, float y) const;

 private:
  enum class Pattern { plain, gradient, stripes, checks };

  float weight_at(float u, float v) const;

  Pattern pattern_;
  Rgb first_;
  Rgb second_;
  Point along_;
  float frequency_;
  float phase_;
  float side_;
};

/// The random placement of a figure in an image of `side` × `side` pixels: entirely inside, slightly rotated, stretched
/// and possibly mirrored. The radius, in pixels, is drawn between the two given ones.
class Pose {
 public:
  Pose(Draws& draws, float least_radius, float largest_radius, std::int64_t side);

  Point center() const { return center_; }
  float radius() const { return radius_; }
  /// The fraction of the pixel around (x, y) that the figure covers, approximated from the distance to its edge.
  float coverage(int figure, float x, float y) const;

 private:
  float radius_;
  float stretch_;
  Point center_;
  Point turn_;
  float mirror_;
};

/// The mean of the three.
float brightness(const Rgb& color);

/// Mixes two colors: the first with the fraction `share` replaced by the second.
Rgb mixed(const Rgb& first, const Rgb& second, float share);

/// Converts a number in [0, 1] to 8 bits, clamping others.
std::uint8_t to_byte(float value);

}  // namespace tapestry::data
