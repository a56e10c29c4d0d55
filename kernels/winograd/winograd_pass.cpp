#include <algorithm>
#include <array>

#include <tapestry/kernels/winograd/winograd_pass.hpp>

namespace tapestry::kernels::winograd {
namespace {

// Source channels whose kernels are gathered before they are transformed.
constexpr std::int64_t chunk_channels = 16;

// The kernels of a target channel are contiguous, but too few for the hardware to prefetch the next target channel.
constexpr std::int64_t runs_ahead = 4;

HWY_INLINE void prefetch(const float* begin, std::int64_t size) {
  constexpr std::int64_t line = 16;
  for (std::int64_t i = 0; i < size; i += line) hwy::Prefetch(begin + i);
}

constexpr std::int64_t outside = -1;
constexpr std::int64_t unread = -2;

/// The row or column of the source that position `i` of the target reads by tap `tap`; `outside`, or `unread` if
/// the stride skips it.
std::int64_t source_of(const Pass& pass, std::int64_t i, std::int64_t tap, std::int64_t pad, std::int64_t size) {
  const std::int64_t stride = pass.geometry.stride_height;
  if (!pass.kernel.is_turned) {
    const std::int64_t position = i * stride - pad + tap;
    return position < 0 || position >= size ? outside : position;
  }
  const std::int64_t position = i + pad - tap;
  if (position % stride != 0) return unread;
  return position < 0 || position / stride >= size ? outside : position / stride;
}

}  // namespace

Pass forward_pass(const Conv2dGeometry& g) {
  const Transforms transforms = transforms_of(g.stride_height);
  const bool is_unit = g.stride_height == 1;
  return {.tiling = {.batch = g.batch,
                     .rows = ceil_div(g.out_height, 4),
                     .columns = ceil_div(g.out_width, 4),
                     .source = {.images = {g.in_height, g.in_width, g.in_channels},
                                .side = is_unit ? 6 : 9,
                                .step = is_unit ? 4 : 8,
                                .top = g.pad_top,
                                .left = g.pad_left},
                     .target = {.images = {g.out_height, g.out_width, g.out_channels},
                                .side = 4,
                                .step = 4,
                                .top = 0,
                                .left = 0}},
          .axis_factors = is_unit ? 6 : 9,
          .scatter = transforms.input,
          .gather = transforms.output,
          .transform_kernels = transforms.kernels,
          .kernel = {.source_stride = 9, .target_stride = g.in_channels * 9, .is_turned = false},
          .geometry = g};
}

Pass input_gradient_pass(const Conv2dGeometry& g) {
  const Transforms transforms = transforms_of(g.stride_height);
  const bool is_unit = g.stride_height == 1;
  // At stride 2 a tile begins with an odd pixel, counted with the padding: pixel 1, or −1 if there is no padding.
  const std::int64_t top = is_unit || g.pad_top == 1 ? 0 : 1, left = is_unit || g.pad_left == 1 ? 0 : 1;
  const int step = is_unit ? 4 : 8;
  return {.tiling = {.batch = g.batch,
                     .rows = ceil_div(g.in_height + top, step),
                     .columns = ceil_div(g.in_width + left, step),
                     .source = {.images = {g.out_height, g.out_width, g.out_channels},
                                .side = is_unit ? 6 : 5,
                                .step = 4,
                                .top = is_unit ? 2 - g.pad_top : (g.pad_top == 0 ? 1 : 0),
                                .left = is_unit ? 2 - g.pad_left : (g.pad_left == 0 ? 1 : 0)},
                     .target = {.images = {g.in_height, g.in_width, g.in_channels},
                                .side = step,
                                .step = step,
                                .top = top,
                                .left = left}},
          .axis_factors = is_unit ? 6 : 9,
          .scatter = transforms.spread,
          .gather = transforms.spread_output,
          .transform_kernels = transforms.kernels,
          .kernel = {.source_stride = g.in_channels * 9, .target_stride = 9, .is_turned = true},
          .geometry = g};
}

void transform_panel(const Pass& pass, std::int64_t panel, std::int64_t begin, std::int64_t end, const float* weight,
                     float* target, std::int64_t plane) {
  const Panels panels = pass.panels();
  const auto& [source_stride, target_stride, is_turned] = pass.kernel;
  const std::int64_t width = panels.width(panel);
  const std::int64_t count = std::min(width, panels.channels - panels.begin(panel));
  weight += panels.begin(panel) * target_stride;
  std::array<float, chunk_channels * 9 * max_panel_width> kernels;
  std::fill_n(kernels.data(), chunk_channels * 9 * width, 0.0F);
  for (std::int64_t first = begin; first < end; first += chunk_channels) {
    const std::int64_t channels = std::min(chunk_channels, end - first);
    const auto copy = [&, turned = is_turned](const float* kernel, std::int64_t c, std::int64_t j) {
      float* const to = kernels.data() + c * 9 * width + j;
      for (std::int64_t tap = 0; tap < 9; ++tap) to[tap * width] = kernel[turned ? 8 - tap : tap];
    };
    // In memory order: kernels whose distance is a power of two share few sets of the caches.
    const float* const weights = weight + first * source_stride;
    if (source_stride < target_stride) {
      for (std::int64_t j = 0; j < count; ++j) {
        prefetch(weights + std::min(j + runs_ahead, count - 1) * target_stride, channels * source_stride);
        for (std::int64_t c = 0; c < channels; ++c) copy(weights + c * source_stride + j * target_stride, c, j);
      }
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t j = 0; j < count; ++j) copy(weights + c * source_stride + j * target_stride, c, j);
      }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      pass.transform_kernels(kernels.data() + c * 9 * width, width, target + (first + c) * width, plane);
    }
  }
}

void compute_plainly(const Pass& pass, std::int64_t tile, std::int64_t first, std::int64_t channels,
                     const float* source, const float* weight, const Finish& finish, float* target) {
  const Conv2dGeometry& g = pass.geometry;
  const auto& [height, width, depth] = pass.tiling.source.images;
  const Images& to = pass.tiling.target.images;
  const Squares& squares = pass.tiling.target;
  const auto [image, top, left] = place_of(pass.tiling, squares, tile);
  for (int index = 0; index < squares.side * squares.side; ++index) {
    const std::int64_t row = top + index / squares.side, column = left + index % squares.side;
    if (row < 0 || row >= to.height || column < 0 || column >= to.width) continue;
    float* const results = target + ((image * to.height + row) * to.width + column) * to.channels;
    for (std::int64_t k = first; k < first + channels; ++k) {
      float sum = finish.bias == nullptr ? 0 : finish.bias[k];
      for (std::int64_t tap = 0; tap < 9; ++tap) {
        const std::int64_t from_row = source_of(pass, row, tap / 3, g.pad_top, height);
        const std::int64_t from_column = source_of(pass, column, tap % 3, g.pad_left, width);
        if (from_row == unread || from_column == unread) continue;
        const bool is_inside = from_row >= 0 && from_column >= 0;
        const float* const pixel = source + ((image * height + from_row) * width + from_column) * depth;
        const float* const kernel = weight + k * pass.kernel.target_stride + tap;
        for (std::int64_t c = 0; c < depth; ++c) {
          sum += (is_inside ? pixel[c] : 0) * kernel[c * pass.kernel.source_stride];
        }
      }
      Epilogue<float> epilogue = finish.epilogue.from(0, k);
      if (epilogue.addend != nullptr) epilogue.addend += results + k - finish.base;
      apply_epilogue_rows<float>(1, 1, &sum, epilogue, results + k);
    }
  }
}

}  // namespace tapestry::kernels::winograd
