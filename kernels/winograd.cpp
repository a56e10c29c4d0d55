#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/conv2d_gather.hpp>
#include <tapestry/kernels/conv2d_pack.hpp>
#include <tapestry/kernels/conv2d_products.hpp>
#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/parallel.hpp>
#include <tapestry/kernels/streaming.hpp>
#include <tapestry/kernels/winograd.hpp>
#include <tapestry/kernels/winograd_tiling.hpp>
#include <tapestry/kernels/winograd_weight_gradient.hpp>

// Forward and input gradient are one computation: the input gradient is the convolution of the output gradient with the
// kernel turned by 180 degrees, padded by 2 − pad.
namespace tapestry::kernels::winograd {
namespace {

/// Where a pass finds the weight of a source and a target channel.
struct KernelLayout {
  std::int64_t source_stride, target_stride;
  bool is_turned;
};

struct Pass {
  Tiling tiling;
  KernelLayout kernel;
};

Pass forward_pass(const Conv2dGeometry& g) {
  return {.tiling = {.batch = g.batch,
                     .source = {g.in_height, g.in_width, g.in_channels},
                     .target = {g.out_height, g.out_width, g.out_channels},
                     .pad_top = g.pad_top,
                     .pad_left = g.pad_left},
          .kernel = {.source_stride = 9, .target_stride = g.in_channels * 9, .is_turned = false}};
}

Pass input_gradient_pass(const Conv2dGeometry& g) {
  return {.tiling = {.batch = g.batch,
                     .source = {g.out_height, g.out_width, g.out_channels},
                     .target = {g.in_height, g.in_width, g.in_channels},
                     .pad_top = 2 - g.pad_top,
                     .pad_left = 2 - g.pad_left},
          .kernel = {.source_stride = g.in_channels * 9, .target_stride = 9, .is_turned = true}};
}

// The factors and products of a block of tiles stay in the second-level cache.
constexpr std::int64_t block_bytes = std::int64_t{768} << 10;

/// Tiles of a block, a multiple of the products' granule.
std::int64_t block_tiles(const Tiling& t) {
  const std::int64_t bytes = factors * (t.source.channels + t.target.channels) * std::int64_t{sizeof(float)};
  return std::clamp(block_bytes / bytes / pixel_granule * pixel_granule, pixel_granule, 4 * pixel_granule);
}

/// Elements from a tile's factors to the next tile's; not a multiple of a power of two, whose cache lines would share
/// sets.
std::int64_t pitch_of(std::int64_t channels) {
  const std::int64_t lines = whole_lines<float>(channels);
  return lines % 64 == 0 ? lines + 16 : lines;
}

/// A plane of a block's factors: one factor of all its tiles.
std::int64_t plane_of(std::int64_t tiles, std::int64_t channels) {
  return padded_plane(tiles * pitch_of(channels));
}

Panels panels_of(const Tiling& t) {
  return {.lanes = vector_lanes<float>(), .depth = t.source.channels, .channels = t.target.channels};
}

struct Buffers {
  float* kernels;  ///< factors of the kernels, a matrix of panels for each
  float* zeros;    ///< the pixels outside the image, and no bias
  float* scratch;  ///< of every thread: factors, products, and where results outside the image go
  std::int64_t scratch_pitch;
};

Buffers cut(WorkspaceCutter& cutter, const Tiling& t) {
  const std::int64_t tiles = block_tiles(t);
  const std::int64_t pitch = whole_lines<float>(factors * plane_of(tiles, t.source.channels)) +
                             whole_lines<float>(factors * plane_of(tiles, t.target.channels)) +
                             whole_lines<float>(t.target.channels);
  return {.kernels = cutter.take<float>(factors * padded_plane(panels_of(t).size())),
          .zeros = cutter.take<float>(std::max(t.source.channels, panels_of(t).padded_channels())),
          .scratch = cutter.take<float>(num_threads() * pitch),
          .scratch_pitch = pitch};
}

/// Transforms the kernels of a panel's target channels and the source channels [begin, end).
void transform_panel(const Pass& pass, const Panels& panels, std::int64_t panel, std::int64_t begin, std::int64_t end,
                     const float* weight, float* target) {
  const std::int64_t width = panels.width(panel);
  const std::int64_t count = std::min(width, panels.channels - panels.begin(panel));
  std::array<float, 9 * max_panel_width> kernels{};
  for (std::int64_t c = begin; c < end; ++c) {
    for (std::int64_t j = 0; j < count; ++j) {
      const float* const kernel =
          weight + c * pass.kernel.source_stride + (panels.begin(panel) + j) * pass.kernel.target_stride;
      for (std::int64_t tap = 0; tap < 9; ++tap) {
        kernels[static_cast<std::size_t>(tap * width + j)] = kernel[pass.kernel.is_turned ? 8 - tap : tap];
      }
    }
    transform_kernels(kernels.data(), width, target + panels.offset(panel) + c * width, padded_plane(panels.size()));
  }
}

/// The results of a tile by the definition.
void compute_plainly(const Pass& pass, const TilePlace& place, const float* source, const float* weight,
                     const float* bias, float* target) {
  const auto& [batch, from, to, pad_top, pad_left] = pass.tiling;
  const float* const image = source + place.image * from.height * from.width * from.channels;
  for (std::int64_t i = place.row; i < std::min(place.row + tile, to.height); ++i) {
    for (std::int64_t j = place.column; j < std::min(place.column + tile, to.width); ++j) {
      float* const result = target + ((place.image * to.height + i) * to.width + j) * to.channels;
      for (std::int64_t k = 0; k < to.channels; ++k) {
        float sum = bias == nullptr ? 0 : bias[k];
        for (std::int64_t tap = 0; tap < 9; ++tap) {
          const std::int64_t row = i - pad_top + tap / 3;
          const std::int64_t column = j - pad_left + tap % 3;
          const bool is_inside = row >= 0 && row < from.height && column >= 0 && column < from.width;
          const float* const pixel = image + (row * from.width + column) * from.channels;
          const float* const kernel = weight + k * pass.kernel.target_stride + (pass.kernel.is_turned ? 8 - tap : tap);
          for (std::int64_t c = 0; c < from.channels; ++c) {
            sum += (is_inside ? pixel[c] : 0) * kernel[c * pass.kernel.source_stride];
          }
        }
        result[k] = sum;
      }
    }
  }
}

/// The tiles [begin, end).
void compute_block(const Pass& pass, std::int64_t begin, std::int64_t end, const float* source, const float* weight,
                   const float* bias, float* target, const Buffers& buffers, float* scratch) {
  const Tiling& t = pass.tiling;
  const std::int64_t tiles = block_tiles(t);
  const std::int64_t count = end - begin;
  const std::int64_t source_pitch = pitch_of(t.source.channels), target_pitch = pitch_of(t.target.channels);
  const std::int64_t source_plane = plane_of(tiles, t.source.channels);
  const std::int64_t target_plane = plane_of(tiles, t.target.channels);
  float* const factors_of_tiles = scratch;
  float* const products = factors_of_tiles + whole_lines<float>(factors * source_plane);
  float* const outside = products + whole_lines<float>(factors * target_plane);

  for_each_tile<window>(t, t.source, t.pad_top, t.pad_left, begin, end, source, buffers.zeros,
                        [&](std::int64_t i, const float* const* pixels) {
                          scatter_input(pixels, t.source.channels, factors_of_tiles + i * source_pitch, source_plane);
                        });

  const Panels panels = panels_of(t);
  PixelPointers<const float> from;
  PixelPointers<float> to;
  for (std::int64_t factor = 0; factor < factors; ++factor) {
    for (std::int64_t i = 0; i < count; ++i) {
      from[static_cast<std::size_t>(i)] = factors_of_tiles + factor * source_plane + i * source_pitch;
      to[static_cast<std::size_t>(i)] = products + factor * target_plane + i * target_pitch;
    }
    fill_up(from, count);
    fill_up(to, count);
    multiply_pixels<float>(
        {.sources = from.data(),
         .targets = to.data(),
         .pixels = count,
         .runs = {.rows = 1, .columns = 1, .length = t.source.channels, .row_step = 0, .column_step = 0},
         .channels = t.target.channels,
         .weights = buffers.kernels + factor * padded_plane(panels.size()),
         .bias = buffers.zeros});
  }

  const bool streams = should_stream(target, t.batch * t.target.height * t.target.width, t.target.channels);
  for (std::int64_t i = 0; i < count; ++i) {
    const TilePlace place = place_of(t, begin + i);
    float* pixels[tile * tile];
    point_at_pixels<tile, float>(t.target, place.image, place.row, place.column, target, outside, pixels);
    if (!gather_output(products + i * target_pitch, target_plane, t.target.channels, bias, pixels, streams)) {
      compute_plainly(pass, place, source, weight, bias, target);
    }
  }
}

void run(const Pass& pass, const float* source, const float* weight, const float* bias, float* target,
         void* workspace) {
  const Tiling& t = pass.tiling;
  WorkspaceCutter cutter(workspace);
  const Buffers buffers = cut(cutter, t);
  const Panels panels = panels_of(t);
  std::fill_n(buffers.zeros, std::max(t.source.channels, panels.padded_channels()), 0.0F);
  const std::int64_t chunks = (t.source.channels + pack_channels - 1) / pack_channels;
  parallel_for(panels.count() * chunks, [&](std::int64_t piece, int) {
    const std::int64_t begin = piece % chunks * pack_channels;
    transform_panel(pass, panels, piece / chunks, begin, std::min(begin + pack_channels, t.source.channels), weight,
                    buffers.kernels);
  });
  const std::int64_t tiles = block_tiles(t);
  parallel_for((t.tiles() + tiles - 1) / tiles, [&](std::int64_t block, int thread) {
    compute_block(pass, block * tiles, std::min((block + 1) * tiles, t.tiles()), source, weight, bias, target, buffers,
                  buffers.scratch + thread * buffers.scratch_pitch);
  });
}

std::size_t workspace_of(const Pass& pass) {
  WorkspaceCutter cutter(nullptr);
  cut(cutter, pass.tiling);
  return cutter.size();
}

}  // namespace

bool can_compute(const Conv2dGeometry& g) {
  // With more padding than 2, there are windows that see no pixel: they give the bias, to the last bit.
  const auto fits = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                       std::int64_t dilation, std::int64_t pad) {
    const std::int64_t pad_after = out + 2 - in - pad;
    return kernel == 3 && stride == 1 && dilation == 1 && pad >= 0 && pad <= 2 && pad_after >= 0 && pad_after <= 2;
  };
  return g.groups == 1 &&
         fits(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top) &&
         fits(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left);
}

std::size_t workspace(const Conv2dGeometry& geometry, Conv2dPass pass) {
  switch (pass) {
    case Conv2dPass::forward:
      return workspace_of(forward_pass(geometry));
    case Conv2dPass::input_gradient:
      return workspace_of(input_gradient_pass(geometry));
    case Conv2dPass::weight_gradient:
      return weight_gradient_workspace(geometry);
  }
  return 0;
}

void forward(const Conv2dGeometry& geometry, const float* x, const float* weight, const float* bias, float* y,
             void* workspace) {
  run(forward_pass(geometry), x, weight, bias, y, workspace);
}

void input_gradient(const Conv2dGeometry& geometry, const float* dy, const float* weight, const float* bias, float* dx,
                    void* workspace) {
  run(input_gradient_pass(geometry), dy, weight, bias, dx, workspace);
}

}  // namespace tapestry::kernels::winograd
