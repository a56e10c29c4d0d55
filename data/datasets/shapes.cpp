#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/detail/blocks.hpp>
#include <tapestry/data/drawing/detail/painting.hpp>
#include <tapestry/data/drawing/figures.hpp>

namespace tapestry::data {
namespace {

constexpr std::int64_t image_side = 32;
constexpr std::int64_t image_bytes = 3 * image_side * image_side;
/// The first of the two splits' stream numbers.
constexpr std::uint64_t shapes_stream = 0x736861706573'0000;

struct Colors {
  Rgb ground;
  Rgb figure;
};

/// Two random colors; the figure's is clearly brighter.
Colors draw_colors(Draws& draws) {
  constexpr float least_contrast = 0.35F;
  while (true) {
    const Colors colors{draws.color(), draws.color()};
    if (brightness(colors.figure) - brightness(colors.ground) >= least_contrast) return colors;
  }
}

/// Draws an image into `out`, in channels_last order.
void draw_image(int figure, Draws draws, std::uint8_t* out) {
  const Pose pose(draws, 8.5F, 13, image_side);
  const Colors colors = draw_colors(draws);
  const Texture ground(draws, colors.ground, image_side);
  const Texture surface(draws, colors.figure, image_side);
  const float noise = draws.between(0.02F, 0.12F);
  for (std::int64_t row = 0; row < image_side; ++row) {
    for (std::int64_t column = 0; column < image_side; ++column) {
      const float x = static_cast<float>(column) + 0.5F;
      const float y = static_cast<float>(row) + 0.5F;
      const Rgb color = mixed(ground.at(x, y), surface.at(x, y), pose.coverage(figure, x, y));
      for (const float part : color) *out++ = to_byte(part + draws.between(-noise, noise));
    }
  }
}

ArrayDataset draw(const ShapesOptions& options) {
  const std::int64_t size = options.size;
  if (size < 0) throw ValueError(fmt::format("shapes: size must not be negative, got {}", size));
  const std::uint64_t stream = shapes_stream + static_cast<std::uint64_t>(options.split.get());
  const auto classes = static_cast<std::int64_t>(figure_names().size());
  Array images = Array::empty({size, 3, image_side, image_side}, DType::u8, MemoryFormat::channels_last);
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
