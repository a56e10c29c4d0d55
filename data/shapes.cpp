#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/blocks.hpp>
#include <tapestry/data/figures.hpp>
#include <tapestry/data/shapes.hpp>

namespace tapestry::data {
namespace {

constexpr std::int64_t side = 32;
constexpr std::int64_t image_bytes = 3 * side * side;
/// Stream numbers of the two splits begin here.
constexpr std::uint64_t shapes_stream = 0x736861706573'0000;

using Rgb = std::array<float, 3>;

/// Numbers drawn one after another for one image.
class Draws {
 public:
  explicit Draws(Philox random) : random_(random) {}

  /// In [0, 1).
  float unit() {
    if (used_ == words_.size()) {
      words_ = random_(block_++);
      used_ = 0;
    }
    return static_cast<float>(words_[used_++] >> 8) * 0x1p-24F;
  }
  float between(float low, float high) { return low + unit() * (high - low); }
  int below(int bound) { return static_cast<int>(unit() * static_cast<float>(bound)); }
  Rgb colour() { return {unit(), unit(), unit()}; }

 private:
  Philox random_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = words_.size();
};

/// Two colours in a pattern.
class Texture {
 public:
  Texture(Draws& draws, Rgb colour)
      : pattern_(static_cast<Pattern>(draws.below(4))),
        first_(colour),
        second_(colour),
        frequency_(draws.between(0.4F, 1.3F)),
        phase_(draws.between(0, 6)) {
    const float angle = draws.between(0, std::numbers::pi_v<float>);
    along_ = {std::cos(angle), std::sin(angle)};
    for (float& part : second_) part = std::clamp(part + draws.between(-0.25F, 0.25F), 0.0F, 1.0F);
  }

  Rgb at(float x, float y) const {
    const float weight = weight_at(x * along_.x + y * along_.y, y * along_.x - x * along_.y);
    Rgb result;
    for (std::size_t i = 0; i < 3; ++i) result[i] = first_[i] + weight * (second_[i] - first_[i]);
    return result;
  }

 private:
  enum class Pattern { plain, gradient, stripes, checks };

  /// The share of the second colour, in [0, 1].
  float weight_at(float u, float v) const {
    const float wave_u = std::sin(frequency_ * u + phase_);
    switch (pattern_) {
      case Pattern::plain:
        return 0;
      case Pattern::gradient:
        return std::clamp(0.5F + u / static_cast<float>(side), 0.0F, 1.0F);
      case Pattern::stripes:
        return 0.5F + 0.5F * wave_u;
      case Pattern::checks:
        break;
    }
    return 0.5F + 0.5F * wave_u * std::sin(frequency_ * v);
  }

  Pattern pattern_;
  Rgb first_;
  Rgb second_;
  Point along_;
  float frequency_;
  float phase_;
};

/// Where a figure lies in the image.
class Pose {
 public:
  explicit Pose(Draws& draws) : radius_(draws.between(8.5F, 13)), stretch_(draws.between(0.87F, 1.15F)) {
    const float room = static_cast<float>(side) / 2 - radius_;
    centre_ = {static_cast<float>(side) / 2 + draws.between(-room, room),
               static_cast<float>(side) / 2 + draws.between(-room, room)};
    const float angle = draws.between(-max_turn, max_turn);
    mirror_ = draws.below(2) == 0 ? 1.0F : -1.0F;
    turn_ = {std::cos(angle), std::sin(angle)};
  }

  /// How much of the pixel around (x, y) the figure covers: the distance to its edge stands in for the area.
  float coverage(int figure, float x, float y) const {
    const float dx = mirror_ * (x - centre_.x) / radius_;
    const float dy = (y - centre_.y) / radius_;
    const Point place{(dx * turn_.x + dy * turn_.y) / stretch_, (dy * turn_.x - dx * turn_.y) * stretch_};
    return std::clamp(0.5F - radius_ * figure_distance(figure, place), 0.0F, 1.0F);
  }

 private:
  static constexpr float max_turn = 0.6F;

  float radius_;
  float stretch_;
  Point centre_;
  Point turn_;
  float mirror_;
};

float brightness(const Rgb& colour) {
  return (colour[0] + colour[1] + colour[2]) / 3;
}

struct Colours {
  Rgb ground;
  Rgb figure;
};

/// Any two colours of which the figure's is clearly the brighter.
Colours draw_colours(Draws& draws) {
  constexpr float least_contrast = 0.35F;
  while (true) {
    const Colours colours{draws.colour(), draws.colour()};
    if (brightness(colours.figure) - brightness(colours.ground) >= least_contrast) return colours;
  }
}

/// Draws an image into `out`, in channels_last order.
void draw_image(int figure, Draws draws, std::uint8_t* out) {
  const Pose pose(draws);
  const Colours colours = draw_colours(draws);
  const Texture ground(draws, colours.ground);
  const Texture surface(draws, colours.figure);
  const float noise = draws.between(0.02F, 0.12F);
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t column = 0; column < side; ++column) {
      const float x = static_cast<float>(column) + 0.5F;
      const float y = static_cast<float>(row) + 0.5F;
      const float cover = pose.coverage(figure, x, y);
      const Rgb below = ground.at(x, y);
      const Rgb above = surface.at(x, y);
      for (std::size_t i = 0; i < 3; ++i) {
        const float value = below[i] + cover * (above[i] - below[i]) + draws.between(-noise, noise);
        *out++ = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
      }
    }
  }
}

ArrayDataset draw(const ShapesOptions& options) {
  const std::int64_t size = options.size;
  if (size < 0) throw ValueError(fmt::format("shapes: size must not be negative, got {}", size));
  const std::uint64_t stream = shapes_stream + static_cast<std::uint64_t>(options.split.get());
  const auto classes = static_cast<std::int64_t>(figure_names().size());
  Array images = Array::empty({size, 3, side, side}, DType::u8, MemoryFormat::channels_last);
  Array labels = Array::empty({size}, DType::i64);
  auto* image = images.mutable_data<std::uint8_t>();
  auto* label = labels.mutable_data<std::int64_t>();
  for_each_block(size, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      label[i] = i % classes;
      draw_image(static_cast<int>(label[i]), Draws(Philox(options.seed, stream, static_cast<std::uint64_t>(i))),
                 image + i * image_bytes);
    }
  });
  return ArrayDataset(images, labels, figure_names());
}

}  // namespace

Shapes::Shapes(ShapesOptions options) : ArrayDataset(draw(options)) {}

}  // namespace tapestry::data
