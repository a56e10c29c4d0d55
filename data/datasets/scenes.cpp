#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/scenes.hpp>
#include <tapestry/data/detail/blocks.hpp>
#include <tapestry/data/drawing/detail/painting.hpp>
#include <tapestry/data/drawing/figures.hpp>

namespace tapestry::data {

struct Scenes::Drawn {
  Array images;
  Array labels;
  Array masks;

  explicit Drawn(const ScenesOptions& options);
};

namespace {

/// The first of the two splits' stream numbers.
constexpr std::uint64_t scenes_stream = 0x7363656E6573'0000;

/// A figure in a scene.
struct Item {
  std::int64_t mask;  ///< its class
  int figure;
  Pose pose;
  Texture surface;
};

int figure_number(const std::string& name) {
  const auto& names = figure_names();
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// True when the two figures overlap only slightly.
bool is_clear(const Pose& pose, const Item& item) {
  constexpr float least_distance = 0.85F;
  const Point a = pose.center();
  const Point b = item.pose.center();
  return std::hypot(a.x - b.x, a.y - b.y) >= least_distance * (pose.radius() + item.pose.radius());
}

/// A color dark enough for figures to be brighter.
Rgb draw_ground(Draws& draws) {
  constexpr float most_brightness = 0.5F;
  while (true) {
    const Rgb color = draws.color();
    if (brightness(color) <= most_brightness) return color;
  }
}

/// A color that is clearly brighter than the background.
Rgb draw_color(Draws& draws, const Rgb& ground) {
  constexpr float least_contrast = 0.3F;
  while (true) {
    const Rgb color = draws.color();
    if (brightness(color) - brightness(ground) >= least_contrast) return color;
  }
}

std::vector<Item> draw_items(Draws& draws, const Rgb& ground, std::int64_t side) {
  constexpr int most = 4;
  constexpr int attempts = 30;
  const auto pixels = static_cast<float>(side);
  const int wanted = 1 + draws.below(most);
  std::vector<Item> items;
  for (int attempt = 0; attempt < attempts && static_cast<int>(items.size()) < wanted; ++attempt) {
    const Pose pose(draws, 0.14F * pixels, 0.22F * pixels, side);
    if (!std::all_of(items.begin(), items.end(), [&](const Item& item) { return is_clear(pose, item); })) continue;
    const int mask = 1 + draws.below(static_cast<int>(scene_classes().size()) - 1);
    const int figure = figure_number(scene_classes()[static_cast<std::size_t>(mask)]);
    items.push_back({mask, figure, pose, Texture(draws, draw_color(draws, ground), side)});
  }
  return items;
}

/// Draws a scene into `out`, in channels_last order, and its classes into `mask`.
void draw_scene(Draws draws, std::int64_t side, float noise, std::uint8_t* out, std::int64_t* mask) {
  const Rgb color = draw_ground(draws);
  const Texture ground(draws, color, side);
  const std::vector<Item> items = draw_items(draws, color, side);
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t column = 0; column < side; ++column) {
      const float x = static_cast<float>(column) + 0.5F;
      const float y = static_cast<float>(row) + 0.5F;
      Rgb pixel = ground.at(x, y);
      *mask = 0;
      for (const Item& item : items) {
        const float cover = item.pose.coverage(item.figure, x, y);
        pixel = mixed(pixel, item.surface.at(x, y), cover);
        if (cover >= 0.5F) *mask = item.mask;
      }
      ++mask;
      for (const float part : pixel) *out++ = to_byte(part + draws.between(-noise, noise));
    }
  }
}

void check(const ScenesOptions& options) {
  const std::int64_t size = options.size;
  if (size < 0) throw ValueError(fmt::format("scenes: size must not be negative, got {}", size));
  if (options.side < 16) throw ValueError(fmt::format("scenes: side must be at least 16, got {}", options.side));
  if (!(options.noise >= 0 && std::isfinite(options.noise))) {
    throw ValueError(fmt::format("scenes: noise must be finite and not negative, got {}", options.noise));
  }
}

}  // namespace

Scenes::Drawn::Drawn(const ScenesOptions& options) {
  check(options);
  const std::int64_t size = options.size;
  const std::int64_t side = options.side;
  const std::int64_t pixels = side * side;
  const std::uint64_t stream = scenes_stream + static_cast<std::uint64_t>(options.split.get());
  images = Array::empty({size, 3, side, side}, DType::u8, MemoryFormat::channels_last);
  labels = Array::empty({size}, DType::i64);
  masks = Array::empty({size, side, side}, DType::i64);
  auto* image = images.mutable_data<std::uint8_t>();
  auto* label = labels.mutable_data<std::int64_t>();
  auto* mask = masks.mutable_data<std::int64_t>();
  for_each_block(size, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      label[i] = i;
      draw_scene(Draws(Philox(options.seed, stream, static_cast<std::uint64_t>(i))), side,
                 static_cast<float>(options.noise), image + i * 3 * pixels, mask + i * pixels);
    }
  });
}

Scenes::Scenes(const ScenesOptions& options) : Scenes(Drawn(options)) {}

Scenes::Scenes(Drawn drawn)
    : ArrayDataset(std::move(drawn.images), std::move(drawn.labels)), masks_(std::move(drawn.masks)) {}

const std::vector<std::string>& scene_classes() {
  static const std::vector<std::string> names = {"background", "circle", "triangle", "star", "heart"};
  return names;
}

}  // namespace tapestry::data
