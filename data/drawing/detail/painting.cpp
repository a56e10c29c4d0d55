#include <algorithm>
#include <cmath>
#include <numbers>

#include <tapestry/data/drawing/detail/painting.hpp>

namespace tapestry::data {

float Draws::unit() {
  if (used_ == words_.size()) {
    words_ = random_(block_++);
    used_ = 0;
  }
  return static_cast<float>(words_[used_++] >> 8) * 0x1p-24F;
}

Rgb Draws::color() {
  return {unit(), unit(), unit()};
}

Texture::Texture(Draws& draws, Rgb color, std::int64_t side)
    : pattern_(static_cast<Pattern>(draws.below(4))),
      first_(color),
      second_(color),
      frequency_(draws.between(0.4F, 1.3F)),
      phase_(draws.between(0, 6)),
      side_(static_cast<float>(side)) {
  const float angle = draws.between(0, std::numbers::pi_v<float>);
  along_ = {std::cos(angle), std::sin(angle)};
  for (float& part : second_) part = std::clamp(part + draws.between(-0.25F, 0.25F), 0.0F, 1.0F);
}

Rgb Texture::at(float x, float y) const {
  return mixed(first_, second_, weight_at(x * along_.x + y * along_.y, y * along_.x - x * along_.y));
}

/// The fraction of the second color, in [0, 1].
float Texture::weight_at(float u, float v) const {
  const float wave_u = std::sin(frequency_ * u + phase_);
  switch (pattern_) {
    case Pattern::plain:
      return 0;
    case Pattern::gradient:
      return std::clamp(0.5F + u / side_, 0.0F, 1.0F);
    case Pattern::stripes:
      return 0.5F + 0.5F * wave_u;
    case Pattern::checks:
      break;
  }
  return 0.5F + 0.5F * wave_u * std::sin(frequency_ * v);
}

Pose::Pose(Draws& draws, float least_radius, float largest_radius, std::int64_t side)
    : radius_(draws.between(least_radius, largest_radius)), stretch_(draws.between(0.87F, 1.15F)) {
  constexpr float max_turn = 0.6F;
  const float middle = static_cast<float>(side) / 2;
  const float room = middle - radius_;
  const float right = draws.between(-room, room);
  const float down = draws.between(-room, room);
  center_ = {middle + right, middle + down};
  const float angle = draws.between(-max_turn, max_turn);
  mirror_ = draws.below(2) == 0 ? 1.0F : -1.0F;
  turn_ = {std::cos(angle), std::sin(angle)};
}

float Pose::coverage(int figure, float x, float y) const {
  const float dx = mirror_ * (x - center_.x) / radius_;
  const float dy = (y - center_.y) / radius_;
  const Point place{(dx * turn_.x + dy * turn_.y) / stretch_, (dy * turn_.x - dx * turn_.y) * stretch_};
  return std::clamp(0.5F - radius_ * figure_distance(figure, place), 0.0F, 1.0F);
}

float brightness(const Rgb& color) {
  return (color[0] + color[1] + color[2]) / 3;
}

Rgb mixed(const Rgb& first, const Rgb& second, float share) {
  Rgb result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = first[i] + share * (second[i] - first[i]);
  return result;
}

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
}

}  // namespace tapestry::data
