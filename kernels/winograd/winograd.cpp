#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_pack.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>
#include <tapestry/kernels/winograd/winograd.hpp>
#include <tapestry/kernels/winograd/winograd_pass.hpp>
#include <tapestry/kernels/winograd/winograd_weight_gradient.hpp>

// A pass is divided in one of two ways, depending on what must stay in which cache. If the factors of all kernels fit
// into the last-level cache, they are computed once, and each thread processes blocks of tiles whose factors and
// products stay in the second-level cache. Otherwise, or if all tiles fit into one block, the factors of as many tiles
// as fit are computed first; each thread then processes panels of target channels, computing the factors of their
// kernels, all products and the results.
namespace tapestry::kernels::winograd {
namespace {

constexpr std::int64_t max_kernel_bytes = std::int64_t{12} << 20;
constexpr std::int64_t block_bytes = std::int64_t{512} << 10;
// Cache budgets of the second way, for the factors of all tiles and the products of a panel. Every round recomputes the
// factors of all kernels, so few rounds matter more than products that fit into the second-level cache.
constexpr std::int64_t round_bytes = std::int64_t{12} << 20;
constexpr std::int64_t panel_bytes = std::int64_t{800} << 10;

// The number of tiles is a multiple of the rows of a register tile.
constexpr std::int64_t granule = pixel_granule / 2;

/// The number of tiles whose factors of `channels` channels fit into `bytes`.
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

/// The number of tiles per round; all rounds have the same length.
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

/// The distance between the rows in which threads store results outside the image.
std::int64_t outside_pitch(const Pass& pass) {
  return whole_lines<float>(outside_size(pass.tiling.target.images));
}

/// The arrays of a pass. Each thread has its own products and, in the second way, factors of kernels.
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

  Planes factors_of(const Pass& pass, int thread) const {
    return {factors + thread * pass.factors() * source_plane, source_pitch, source_plane};
  }
  Planes products_of(const Pass& pass, int thread) const {
    return {products + thread * pass.factors() * target_plane, target_pitch, target_plane};
  }

  std::int64_t tiles, source_pitch, source_plane, target_pitch, target_plane, kernel_plane;
  float* zeros;     ///< the pixels outside the image, and no bias
  float* outside;   ///< where rows of results outside the image go, one per thread
  float* products;  ///< of each thread
  float* factors;   ///< of tiles, in the first way of each thread's
  float* kernels;   ///< factors of kernels, a matrix of panels for each
};

struct Operands {
  const float* source;
  const float* weight;
  const float* bias;
  const Epilogue<float>& store;
  float* target;
};

/// The factors and the products of `count` tiles.
struct Block {
  Block(std::int64_t tiles, const Planes& source, const Planes& target)
      : count(tiles), factors(source), products(target) {
    for (std::int64_t i = 0; i < count; ++i) {
      from[static_cast<std::size_t>(i)] = factors.from(i).data;
      to[static_cast<std::size_t>(i)] = products.from(i).data;
    }
    fill_up(from, count);
    fill_up(to, count);
  }

  std::int64_t count;
  Planes factors;
  Planes products;
  PixelPointers<const float> from;
  PixelPointers<float> to;
};

/// The products of one factor of a block and a matrix of `channels` columns.
void multiply_factor(const Pass& pass, const Buffers& buffers, const Block& block, int factor, const float* kernels,
                     std::int64_t channels) {
  multiply_pixels<float>(
      {.sources = block.from.data(),
       .targets = block.to.data(),
       .pixels = block.count,
       .runs = {.rows = 1, .columns = 1, .length = pass.source_channels(), .row_step = 0, .column_step = 0},
       .channels = channels,
       .weights = kernels + kernel_of(pass, factor) * buffers.kernel_plane,
       .bias = buffers.zeros,
       .source_offset = factor * block.factors.plane,
       .target_offset = factor * block.products.plane,
       .source_pitch = block.factors.pitch,
       .target_pitch = block.products.pitch});
}

bool should_stream_results(const Pass& pass, const Operands& operands) {
  const Images& images = pass.tiling.target.images;
  return operands.store.addend != operands.target &&
         should_stream(operands.target, pass.tiling.batch * images.height * images.width, images.channels);
}

/// Computes the results of tiles in the target channels [first, first + channels) from their products.
void gather_tiles(const Pass& pass, const Buffers& buffers, const Operands& operands, const Range& tiles,
                  std::int64_t first, std::int64_t channels, const Planes& products, int thread) {
  const Finish finish = {.bias = operands.bias,
                         .epilogue = operands.store,
                         .base = operands.target,
                         .streams = channels == pass.target_channels() && should_stream_results(pass, operands)};
  Finish from_first = finish;
  if (finish.bias != nullptr) from_first.bias += first;
  from_first.epilogue.affine = finish.epilogue.affine.from(first);
  float* const outside = buffers.outside + thread * outside_pitch(pass);
  for (Range rest = tiles; rest.size() > 0;) {
    const Stop stop = pass.gather(pass.tiling, rest, products.from(rest.begin - tiles.begin), channels, from_first,
                                  operands.target + first, outside);
    if (stop.tile < tiles.end) {
      compute_plainly(pass, stop.tile, first + stop.finite, channels - stop.finite, operands.source, operands.weight,
                      finish, operands.target);
    }
    rest.begin = stop.tile + 1;
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
  const float* const addend = operands.store.addend;
  parallel_for(ceil_div(tiles, buffers.tiles), [&](std::int64_t index, int thread) {
    const Range here = {index * buffers.tiles, std::min((index + 1) * buffers.tiles, tiles)};
    const Block block(here.size(), buffers.factors_of(pass, thread), buffers.products_of(pass, thread));
    pass.scatter(pass.tiling, pass.tiling.source, here, operands.source, buffers.zeros, block.factors);
    const Range results = rows_of(pass.tiling, pass.tiling.target, here);
    const Range next = rows_of(pass.tiling, pass.tiling.source, {here.end, std::min(here.end + buffers.tiles, tiles)});
    for (int factor = 0; factor < pass.factors(); ++factor) {
      if (fetches) prefetch_part(operands.target, results, factor, pass.factors());
      if (addend != nullptr && addend != operands.target) prefetch_part(addend, results, factor, pass.factors());
      prefetch_part(operands.source, next, factor, pass.factors());
      multiply_factor(pass, buffers, block, factor, buffers.kernels, panels.channels);
    }
    gather_tiles(pass, buffers, operands, here, 0, panels.channels, block.products, thread);
  });
}

// The number of tiles that a thread transforms at a time.
constexpr std::int64_t transform_grain = 4;

void run_by_panels(const Pass& pass, const Buffers& buffers, const Operands& operands) {
  const Panels panels = pass.panels();
  const Planes factors = buffers.factors_of(pass, 0);
  for (std::int64_t begin = 0; begin < pass.tiling.tiles(); begin += buffers.tiles) {
    const Range round = {begin, std::min(begin + buffers.tiles, pass.tiling.tiles())};
    parallel_ranges(round.size(), transform_grain, [&](std::int64_t first, std::int64_t last) {
      pass.scatter(pass.tiling, pass.tiling.source, {begin + first, begin + last}, operands.source, buffers.zeros,
                   factors.from(first));
    });
    parallel_for(panels.count(), [&](std::int64_t panel, int thread) {
      float* const kernels = buffers.kernels + thread * kernel_factors * buffers.kernel_plane;
      const std::int64_t channels = std::min(panels.width(panel), panels.channels - panels.begin(panel));
      transform_panel(pass, panel, 0, panels.depth, operands.weight, kernels, buffers.kernel_plane);
      const Block block(round.size(), factors, buffers.products_of(pass, thread));
      for (int factor = 0; factor < pass.factors(); ++factor) {
        multiply_factor(pass, buffers, block, factor, kernels, channels);
      }
      gather_tiles(pass, buffers, operands, round, panels.begin(panel), channels, block.products, thread);
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
    // A window without pixels gives exactly the bias; a pixel that no window covers gets a gradient of exactly 0.
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

void forward(const Conv2dGeometry& geometry, const float* x, const float* weight, const float* bias,
             const Epilogue<float>& store, float* y, void* workspace) {
  run(forward_pass(geometry), {.source = x, .weight = weight, .bias = bias, .store = store, .target = y}, workspace);
}

void input_gradient(const Conv2dGeometry& geometry, const float* dy, const float* weight, const float* bias,
                    const Epilogue<float>& store, float* dx, void* workspace) {
  run(input_gradient_pass(geometry), {.source = dy, .weight = weight, .bias = bias, .store = store, .target = dx},
      workspace);
}

}  // namespace tapestry::kernels::winograd
