#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/conv2d_pack.hpp>
#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/parallel.hpp>
#include <tapestry/kernels/streaming.hpp>
#include <tapestry/kernels/winograd.hpp>
#include <tapestry/kernels/winograd_pass.hpp>
#include <tapestry/kernels/winograd_weight_gradient.hpp>

// Two ways to cut a pass, by what has to be kept near. Where the factors of all kernels fit into the last cache, they
// are computed once, and threads take blocks of tiles whose factors and products stay in the second-level cache. Where
// they do not, or all tiles are one block, the factors of as many tiles as fit are computed first, and threads take
// panels of target channels, of which they compute the factors of the kernels, all products and the results.
namespace tapestry::kernels::winograd {
namespace {

constexpr std::int64_t max_kernel_bytes = std::int64_t{12} << 20;
constexpr std::int64_t block_bytes = std::int64_t{512} << 10;
// Of the second way: of all tiles' factors, and of a panel's products. Every round computes the factors of all kernels
// again, so that fewer rounds are worth more than products that leave room in the second-level cache.
constexpr std::int64_t round_bytes = std::int64_t{12} << 20;
constexpr std::int64_t panel_bytes = std::int64_t{800} << 10;

// Tiles come in multiples of the rows of the products' tiles.
constexpr std::int64_t granule = pixel_granule / 2;

/// Tiles whose factors of `channels` channels fit into so many bytes.
std::int64_t fitting_tiles(const Pass& pass, std::int64_t bytes, std::int64_t channels) {
  return bytes / (pass.factors() * channels * std::int64_t{sizeof(float)}) / granule * granule;
}

std::int64_t block_tiles(const Pass& pass) {
  const std::int64_t tiles = fitting_tiles(pass, block_bytes, pass.source_channels() + pass.target_channels());
  return std::clamp(tiles, granule, 4 * pixel_granule);
}

bool keeps_kernels(const Pass& pass) {
  const std::int64_t bytes = kernel_factors * pass.panels().size() * std::int64_t{sizeof(float)};
  return bytes <= max_kernel_bytes && pass.tiling.tiles() > block_tiles(pass);
}

/// Tiles whose factors are there at a time. Rounds are as long as one another.
std::int64_t tiles_at_once(const Pass& pass) {
  if (keeps_kernels(pass)) return block_tiles(pass);
  const std::int64_t fitting = std::min(fitting_tiles(pass, round_bytes, pass.source_channels()),
                                        fitting_tiles(pass, panel_bytes, pass.panels().width(0)));
  const std::int64_t most = std::clamp(fitting, granule, max_block_pixels);
  const std::int64_t tiles = std::max<std::int64_t>(pass.tiling.tiles(), 1);
  return ceil_div(ceil_div(tiles, ceil_div(tiles, most)), granule) * granule;
}

std::int64_t zeros_size(const Pass& pass) {
  return std::max(outside_size(pass.tiling.source.images), pass.panels().padded_channels());
}

/// Elements from a thread's row of results outside the image to the next's.
std::int64_t outside_pitch(const Pass& pass) {
  return whole_lines<float>(outside_size(pass.tiling.target.images));
}

/// The arrays of a pass. Threads have products of their own and, in the second way, factors of kernels.
struct Buffers {
  Buffers(WorkspaceCutter& cutter, const Pass& pass)
      : tiles(tiles_at_once(pass)),
        source_pitch(tile_pitch(pass.source_channels())),
        source_plane(padded_plane(tiles * source_pitch)),
        target_pitch(tile_pitch(keeps_kernels(pass) ? pass.target_channels() : pass.panels().width(0))),
        target_plane(padded_plane(tiles * target_pitch)),
        kernel_plane(
            padded_plane(keeps_kernels(pass) ? pass.panels().size() : pass.panels().depth * pass.panels().width(0))),
        zeros(cutter.take<float>(zeros_size(pass))),
        outside(cutter.take<float>(num_threads() * outside_pitch(pass))),
        products(cutter.take<float>(num_threads() * pass.factors() * target_plane)),
        factors(cutter.take<float>((keeps_kernels(pass) ? num_threads() : 1) * pass.factors() * source_plane)),
        kernels(cutter.take<float>((keeps_kernels(pass) ? 1 : num_threads()) * kernel_factors * kernel_plane)) {}

  std::int64_t tiles, source_pitch, source_plane, target_pitch, target_plane, kernel_plane;
  float* zeros;     ///< the pixels outside the image, and no bias
  float* outside;   ///< where rows of results outside the image go, one per thread
  float* products;  ///< of each thread
  float* factors;   ///< of tiles
  float* kernels;   ///< factors of kernels, a matrix of panels for each
};

struct Operands {
  const float* source;
  const float* weight;
  const float* bias;
  bool relu;
  bool adds;  ///< to what the target holds
  float* target;
};

/// Where the factors and the products of `count` tiles lie.
struct TilePointers {
  TilePointers(const Buffers& buffers, std::int64_t count, const float* factors, float* products) {
    for (std::int64_t i = 0; i < count; ++i) {
      from[static_cast<std::size_t>(i)] = factors + i * buffers.source_pitch;
      to[static_cast<std::size_t>(i)] = products + i * buffers.target_pitch;
    }
    fill_up(from, count);
    fill_up(to, count);
  }

  PixelPointers<const float> from;
  PixelPointers<float> to;
};

/// The products of one factor of `count` tiles and a matrix of `channels` columns.
void multiply_factor(const Pass& pass, const Buffers& buffers, const TilePointers& tiles, std::int64_t count,
                     int factor, const float* kernels, std::int64_t channels) {
  multiply_pixels<float>(
      {.sources = tiles.from.data(),
       .targets = tiles.to.data(),
       .pixels = count,
       .runs = {.rows = 1, .columns = 1, .length = pass.source_channels(), .row_step = 0, .column_step = 0},
       .channels = channels,
       .weights = kernels + kernel_of(pass, factor) * buffers.kernel_plane,
       .bias = buffers.zeros,
       .source_offset = factor * buffers.source_plane,
       .target_offset = factor * buffers.target_plane,
       .source_pitch = buffers.source_pitch,
       .target_pitch = buffers.target_pitch});
}

bool should_stream_results(const Pass& pass, const Operands& operands) {
  const Images& images = pass.tiling.target.images;
  return !operands.adds &&
         should_stream(operands.target, pass.tiling.batch * images.height * images.width, images.channels);
}

/// Makes the results of the tiles [begin, end) and the target channels [first, first + channels) from their products.
void gather_tiles(const Pass& pass, const Buffers& buffers, const Operands& operands, std::int64_t begin,
                  std::int64_t end, std::int64_t first, std::int64_t channels, const float* products, int thread) {
  const Finish finish = {.bias = operands.bias,
                         .relu = operands.relu,
                         .adds = operands.adds,
                         .streams = channels == pass.target_channels() && should_stream_results(pass, operands)};
  Finish from_first = finish;
  if (finish.bias != nullptr) from_first.bias += first;
  float* const outside = buffers.outside + thread * outside_pitch(pass);
  for (std::int64_t i = begin; i < end; ++i) {
    const Square<float> pixels = square_of(pass.tiling, pass.tiling.target, i, operands.target + first, outside);
    const std::int64_t finite =
        pass.gather(products + (i - begin) * buffers.target_pitch, buffers.target_plane, channels, from_first, pixels);
    if (finite < channels) {
      compute_plainly(pass, i, first + finite, channels - finite, operands.source, operands.weight, finish,
                      operands.target);
    }
  }
}

void run_by_blocks(const Pass& pass, const Buffers& buffers, const Operands& operands) {
  const Panels panels = pass.panels();
  const std::int64_t chunks = ceil_div(panels.depth, pack_channels);
  parallel_for(panels.count() * chunks, [&](std::int64_t piece, int) {
    const std::int64_t panel = piece / chunks;
    const std::int64_t begin = piece % chunks * pack_channels;
    transform_panel(pass, panel, begin, std::min(begin + pack_channels, panels.depth), operands.weight,
                    buffers.kernels + panels.offset(panel), buffers.kernel_plane);
  });
  const std::int64_t tiles = pass.tiling.tiles();
  const bool fetches = !should_stream_results(pass, operands);
  parallel_for(ceil_div(tiles, buffers.tiles), [&](std::int64_t block, int thread) {
    const std::int64_t begin = block * buffers.tiles;
    const std::int64_t end = std::min(begin + buffers.tiles, tiles);
    float* const factors = buffers.factors + thread * pass.factors() * buffers.source_plane;
    float* const products = buffers.products + thread * pass.factors() * buffers.target_plane;
    scatter_tiles(pass.tiling, pass.tiling.source, pass.scatter, begin, end, operands.source, buffers.zeros, factors,
                  buffers.source_pitch, buffers.source_plane);
    const std::int64_t count = end - begin;
    const TilePointers pointers(buffers, count, factors, products);
    const Range results = fetches ? rows_of(pass.tiling, pass.tiling.target, {begin, end}) : Range{};
    const Range next = rows_of(pass.tiling, pass.tiling.source, {end, std::min(end + buffers.tiles, tiles)});
    for (int factor = 0; factor < pass.factors(); ++factor) {
      prefetch_part(operands.target, results, factor, pass.factors());
      prefetch_part(operands.source, next, factor, pass.factors());
      multiply_factor(pass, buffers, pointers, count, factor, buffers.kernels, panels.channels);
    }
    gather_tiles(pass, buffers, operands, begin, end, 0, panels.channels, products, thread);
  });
}

// Tiles that a thread transforms at a time.
constexpr std::int64_t transform_grain = 4;

void run_by_panels(const Pass& pass, const Buffers& buffers, const Operands& operands) {
  const Panels panels = pass.panels();
  for (std::int64_t begin = 0; begin < pass.tiling.tiles(); begin += buffers.tiles) {
    const std::int64_t end = std::min(begin + buffers.tiles, pass.tiling.tiles());
    parallel_ranges(end - begin, transform_grain, [&](std::int64_t first, std::int64_t last) {
      scatter_tiles(pass.tiling, pass.tiling.source, pass.scatter, begin + first, begin + last, operands.source,
                    buffers.zeros, buffers.factors + first * buffers.source_pitch, buffers.source_pitch,
                    buffers.source_plane);
    });
    parallel_for(panels.count(), [&](std::int64_t panel, int thread) {
      float* const kernels = buffers.kernels + thread * kernel_factors * buffers.kernel_plane;
      float* const products = buffers.products + thread * pass.factors() * buffers.target_plane;
      const std::int64_t channels = std::min(panels.width(panel), panels.channels - panels.begin(panel));
      transform_panel(pass, panel, 0, panels.depth, operands.weight, kernels, buffers.kernel_plane);
      const TilePointers pointers(buffers, end - begin, buffers.factors, products);
      for (int factor = 0; factor < pass.factors(); ++factor) {
        multiply_factor(pass, buffers, pointers, end - begin, factor, kernels, channels);
      }
      gather_tiles(pass, buffers, operands, begin, end, panels.begin(panel), channels, products, thread);
    });
  }
}

void run(const Pass& pass, const Operands& operands, void* workspace) {
  WorkspaceCutter cutter(workspace);
  const Buffers buffers(cutter, pass);
  std::fill_n(buffers.zeros, zeros_size(pass), 0.0F);
  if (keeps_kernels(pass)) {
    run_by_blocks(pass, buffers, operands);
  } else {
    run_by_panels(pass, buffers, operands);
  }
}

std::size_t workspace_of(const Pass& pass) {
  WorkspaceCutter cutter(nullptr);
  const Buffers measured(cutter, pass);
  return cutter.size();
}

}  // namespace

bool can_compute(const Conv2dGeometry& g) {
  const auto fits = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                       std::int64_t dilation, std::int64_t pad) {
    // Windows that see no pixel give the bias, and pixels that no window sees no gradient, to the last bit.
    const std::int64_t last = (out - 1) * stride - pad;
    return kernel == 3 && stride <= 2 && dilation == 1 && pad >= 0 && pad <= 2 && last < in &&
           last + 3 >= in - (stride - 1);
  };
  return g.groups == 1 && g.stride_height == g.stride_width &&
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

void forward(const Conv2dGeometry& geometry, const float* x, const float* weight, const float* bias, bool relu,
             float* y, void* workspace) {
  run(forward_pass(geometry), {.source = x, .weight = weight, .bias = bias, .relu = relu, .adds = false, .target = y},
      workspace);
}

void input_gradient(const Conv2dGeometry& geometry, const float* dy, const float* weight, const float* bias, float* dx,
                    void* workspace) {
  run(input_gradient_pass(geometry),
      {.source = dy, .weight = weight, .bias = bias, .relu = false, .adds = false, .target = dx}, workspace);
}

void add_input_gradient(const Conv2dGeometry& geometry, const float* dy, const float* weight, float* dx,
                        void* workspace) {
  run(input_gradient_pass(geometry),
      {.source = dy, .weight = weight, .bias = nullptr, .relu = false, .adds = true, .target = dx}, workspace);
}

}  // namespace tapestry::kernels::winograd
