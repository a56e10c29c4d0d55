#include "layers.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace tapestry::benchmarks {
namespace {

using kernels::Conv2dPass;

struct Windows {
  std::int64_t kernel_size, stride = 1, groups = 1;
};

/// Square images of `size`, padded so that stride 1 preserves their size.
kernels::Conv2dGeometry square(std::int64_t in_channels, std::int64_t out_channels, std::int64_t size,
                               const Windows& windows) {
  const std::int64_t padding = (windows.kernel_size - 1) / 2;
  const std::int64_t out_size = (size + 2 * padding - windows.kernel_size) / windows.stride + 1;
  return {.batch = 128,
          .in_channels = in_channels,
          .in_height = size,
          .in_width = size,
          .out_channels = out_channels,
          .out_height = out_size,
          .out_width = out_size,
          .kernel_height = windows.kernel_size,
          .kernel_width = windows.kernel_size,
          .stride_height = windows.stride,
          .stride_width = windows.stride,
          .pad_top = padding,
          .pad_left = padding,
          .dilation_height = 1,
          .dilation_width = 1,
          .groups = windows.groups};
}

Layer layer(const std::string& kind, std::int64_t in_channels, std::int64_t out_channels, std::int64_t size,
            const Windows& windows) {
  return {.name = fmt::format("{} {}→{} {}×{}", kind, in_channels, out_channels, size, size),
          .geometry = square(in_channels, out_channels, size, windows)};
}

Layer depthwise(const std::string& kind, std::int64_t channels, std::int64_t size, std::int64_t stride) {
  return layer(kind, channels, channels, size, {.kernel_size = 3, .stride = stride, .groups = channels});
}

Layer doubling(std::int64_t in_channels, std::int64_t out_channels, std::int64_t size) {
  return {.name = fmt::format("transposed 2×2 /2 {}→{} {}×{}", in_channels, out_channels, size, size),
          .geometry = square(out_channels, in_channels, 2 * size, {.kernel_size = 2, .stride = 2}),
          .is_transposed = true};
}

}  // namespace

Conv2dPass Layer::pass_over_geometry(Conv2dPass pass) const {
  if (!is_transposed || pass == Conv2dPass::weight_gradient) return pass;
  return pass == Conv2dPass::forward ? Conv2dPass::input_gradient : Conv2dPass::forward;
}

double Layer::flops() const {
  const auto& g = geometry;
  return 2 * static_cast<double>(g.batch * g.out_height * g.out_width * g.out_channels) *
         static_cast<double>(g.in_channels / g.groups * g.kernel_height * g.kernel_width);
}

double Layer::bytes() const {
  const auto& g = geometry;
  const std::int64_t elements = g.batch * g.in_channels * g.in_height * g.in_width +
                                g.batch * g.out_channels * g.out_height * g.out_width +
                                g.out_channels * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
  return static_cast<double>(elements) * sizeof(float);
}

std::vector<Layer> layers() {
  return {
      layer("stem 3×3", 3, 16, 32, {.kernel_size = 3}),
      layer("stem 3×3", 3, 64, 32, {.kernel_size = 3}),
      layer("3×3", 16, 16, 32, {.kernel_size = 3}),
      layer("3×3", 32, 32, 32, {.kernel_size = 3}),
      layer("3×3", 32, 32, 16, {.kernel_size = 3}),
      layer("3×3", 32, 64, 16, {.kernel_size = 3}),
      layer("3×3", 64, 64, 32, {.kernel_size = 3}),
      layer("3×3", 64, 64, 16, {.kernel_size = 3}),
      layer("3×3", 64, 64, 8, {.kernel_size = 3}),
      layer("3×3", 128, 128, 16, {.kernel_size = 3}),
      layer("3×3", 256, 256, 8, {.kernel_size = 3}),
      layer("3×3", 512, 512, 4, {.kernel_size = 3}),
      layer("3×3 /2", 16, 32, 32, {.kernel_size = 3, .stride = 2}),
      layer("3×3 /2", 64, 128, 32, {.kernel_size = 3, .stride = 2}),
      layer("3×3 /2", 256, 512, 8, {.kernel_size = 3, .stride = 2}),
      layer("1×1", 24, 144, 32, {.kernel_size = 1}),
      layer("1×1", 144, 24, 32, {.kernel_size = 1}),
      layer("1×1", 64, 384, 8, {.kernel_size = 1}),
      layer("1×1", 320, 1280, 4, {.kernel_size = 1}),
      layer("1×1 /2", 64, 128, 32, {.kernel_size = 1, .stride = 2}),
      depthwise("depthwise 3×3", 144, 32, 1),
      depthwise("depthwise 3×3", 384, 8, 1),
      depthwise("depthwise 3×3 /2", 144, 32, 2),
      doubling(128, 64, 8),
      doubling(32, 16, 32),
  };
}

}  // namespace tapestry::benchmarks
