#include <algorithm>
#include <bit>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_gather.hpp>
#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv/conv2d_pack.hpp>
#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels::implicit_gemm {
namespace {

// The sum over pixels is divided into at most `max_pieces` pieces, a power of two, which divides evenly among most
// numbers of threads; into at most `few_pieces` if the sums of more would not stay in the caches, because clearing and
// combining them takes time as well; and into fewer if they would need more than `max_sum_bytes`. If there are fewer
// pieces than that, panels are divided into strips of at least `min_strip`, since every strip gathers the pixels again.
constexpr std::int64_t max_pieces = 16;
constexpr std::int64_t few_pieces = 4;
constexpr std::int64_t cached_sum_bytes = std::int64_t{1} << 20;
constexpr std::int64_t max_sum_bytes = std::int64_t{64} << 20;
constexpr std::int64_t min_strip = 4;
// If a piece has more than `few_blocks`, the sums of every `summed_blocks` are added in double precision.
constexpr std::int64_t few_blocks = 8;
constexpr std::int64_t summed_blocks = 4;

/// How the sum is computed; a function of the geometry alone.
template <class T>
struct Plan {
  explicit Plan(const Conv2dGeometry& g)
      : groups(g.groups),
        out_channels(g.out_channels),
        matrix{.rows = forward_axis(vertical(g)),
               .columns = forward_axis(horizontal(g)),
               .kernel_width = g.kernel_width,
               .channels = g.in_channels / g.groups,
               .channel_stride = g.kernel_height * g.kernel_width,
               .column_stride = g.in_channels / g.groups * g.kernel_height * g.kernel_width},
        gather({g.batch, matrix.rows.window, matrix.columns.window, g.in_channels, matrix.channels}),
        panels{.lanes = vector_lanes<T>(),
               .depth = matrix.taps() * matrix.channels,
               .channels = g.out_channels / g.groups},
        sums_size(whole_lines<T>(groups * panels.size())),
        gradient_copy_size(panels.channels == panels.padded_channels() ? 0
                                                                       : max_block_pixels * panels.padded_channels()),
        source_copy_size(whole_lines<T>(std::max(gather.scratch_size(), gather.prologue_scratch_size()))),
        scratch_pitch(source_copy_size + whole_lines<T>(gradient_copy_size)) {
    const std::int64_t bytes = std::max<std::int64_t>(saturating_product(sums_size, sizeof(T)), 1);
    const std::int64_t few = std::clamp<std::int64_t>(max_sum_bytes / bytes, 1, few_pieces);
    const std::int64_t most = std::min({gather.blocks(), max_pieces, std::max(cached_sum_bytes / bytes, few)});
    pieces = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
    has_totals = sizeof(T) < sizeof(double) && pieces > 0 && ceil_div(gather.blocks(), pieces) > few_blocks;
    strips = pieces == 0 ? 0 : std::min(std::max<std::int64_t>(panels.count() / min_strip, 1), max_pieces / pieces);
  }

  /// The first panel of a strip.
  std::int64_t first_panel(std::int64_t strip) const { return panels.count() * strip / strips; }
  /// The panels of a strip as a layout of its own.
  Panels strip_panels(std::int64_t strip) const {
    const std::int64_t end = std::min(panels.begin(first_panel(strip + 1)), panels.channels);
    return {panels.lanes, panels.depth, end - panels.begin(first_panel(strip))};
  }

  std::int64_t groups;
  std::int64_t out_channels;
  WeightMatrix matrix;
  GatherPlan gather;
  Panels panels;
  std::int64_t sums_size;
  /// Space for the gradients of a block if those of a pixel do not fill whole vectors.
  std::int64_t gradient_copy_size;
  /// Space for the gathered pixels of a block.
  std::int64_t source_copy_size;
  std::int64_t scratch_pitch;
  std::int64_t pieces, strips;
  bool has_totals;  ///< of more blocks than `few_blocks`
};

template <class T>
struct Buffers {
  T* sums;
  double* totals;  ///< as the sums, if the plan has them
  T* scratch;
};

template <class T>
Buffers<T> take_buffers(WorkspaceCutter& cutter, const Plan<T>& plan) {
  const std::int64_t sums = saturating_product(plan.pieces, plan.sums_size);
  return {.sums = cutter.take<T>(sums),
          .totals = cutter.take<double>(plan.has_totals ? sums : 0),
          .scratch = cutter.take<T>(saturating_product(num_threads(), plan.scratch_pitch))};
}

/// Adds a block to the sums of a strip of a group's panels; the first column of the strip is column `first` of the
/// group.
template <class T>
void add_block(const Plan<T>& plan, std::int64_t block, std::int64_t group, std::int64_t first, const Panels& panels,
               const T* x, const Epilogue<T>& load, const T* dy, T* sums, T* scratch) {
  const std::int64_t begin = plan.gather.begin(block);
  const std::int64_t pixels = plan.gather.end(block) - begin;
  PixelPointers<const T> sources;
  if (load.is_none()) {
    plan.gather.gather(block, x + group * plan.matrix.channels, scratch, sources);
  } else {
    plan.gather.gather_with_prologue(block, x, load, scratch, sources);
  }

  const std::int64_t column = group * plan.panels.channels + first;
  const std::int64_t channels = panels.channels;
  const std::int64_t padded = panels.padded_channels();
  const T* gradients = dy + begin * plan.out_channels + column;
  std::int64_t pitch = plan.out_channels;
  const std::int64_t all_pixels = plan.gather.end(plan.gather.blocks() - 1);
  const bool is_dense = plan.gather.is_dense();
  // The last vector of a pixel may read into the next pixel, but not past the last one.
  if (column + padded > (all_pixels - (begin + pixels - 1)) * plan.out_channels) {
    T* const copy = scratch + plan.source_copy_size;
    for (std::int64_t p = 0; p < pixels; ++p) {
      T* const end = std::copy_n(gradients + p * pitch, channels, copy + p * padded);
      std::fill_n(end, padded - channels, T{0});
    }
    gradients = copy;
    pitch = padded;
  }
  add_pixels<T>({.sources = sources.data(),
                 .gradients = gradients,
                 .pitch = pitch,
                 .pixels = pixels,
                 .runs = plan.gather.runs(),
                 .channels = channels,
                 .sums = sums,
                 .sources_ahead = is_dense ? x + (begin + pixels) * plan.matrix.channels : nullptr,
                 .gradients_ahead = is_dense ? gradients + pixels * pitch : nullptr});
}

/// Adds the sums of all pieces for the channels [begin, end) of a panel and writes the result to dweight.
template <class T, class Sum>
void combine(const Plan<T>& plan, std::int64_t panel, std::int64_t begin, std::int64_t end, Sum* sums, T* dweight) {
  const std::int64_t first = plan.panels.begin(panel);
  const std::int64_t width = plan.panels.width(panel);
  Sum* const total = sums + plan.panels.offset(panel);
  for (std::int64_t piece = 1; piece < plan.pieces; ++piece) {
    for (std::int64_t tap = 0; tap < plan.matrix.taps(); ++tap) {
      Sum* const to = total + (tap * plan.matrix.channels + begin) * width;
      const Sum* const from = to + piece * plan.sums_size;
      for (std::int64_t i = 0; i < (end - begin) * width; ++i) to[i] += from[i];
    }
  }
  visit_weights(plan.matrix, first, std::min(width, plan.panels.channels - first), width, begin, end,
                [&](std::int64_t from, std::int64_t to) { dweight[to] = static_cast<T>(total[from]); });
}

}  // namespace

template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry) {
  WorkspaceCutter cutter(nullptr);
  take_buffers(cutter, Plan<T>(geometry));
  return cutter.size();
}

template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace) {
  const Plan<T> plan(geometry);
  const std::int64_t group_size = plan.panels.channels * plan.panels.depth;
  if (plan.pieces == 0) {
    std::fill_n(dweight, plan.groups * group_size, T{0});
    return;
  }
  WorkspaceCutter cutter(workspace);
  const Buffers<T> buffers = take_buffers(cutter, plan);

  parallel_for(plan.pieces * plan.groups * plan.strips, [&](std::int64_t task, int thread) {
    const std::int64_t piece = task / plan.strips / plan.groups;
    const std::int64_t group = task / plan.strips % plan.groups;
    const std::int64_t panel = plan.first_panel(task % plan.strips);
    const Panels strip = plan.strip_panels(task % plan.strips);
    const std::int64_t at = piece * plan.sums_size + group * plan.panels.size() + plan.panels.offset(panel);
    T* const sums = buffers.sums + at;
    std::fill_n(sums, strip.size(), T{0});
    if (plan.has_totals) std::fill_n(buffers.totals + at, strip.size(), 0.0);
    const std::int64_t begin = plan.gather.blocks() * piece / plan.pieces;
    const std::int64_t end = plan.gather.blocks() * (piece + 1) / plan.pieces;
    for (std::int64_t block = begin; block < end; ++block) {
      add_block(plan, block, group, plan.panels.begin(panel), strip, x, load, dy, sums,
                buffers.scratch + thread * plan.scratch_pitch);
      const bool is_last = block + 1 == end || (block + 1 - begin) % summed_blocks == 0;
      if (plan.has_totals && is_last) move_sums(strip.size(), sums, buffers.totals + at);
    }
  });

  const std::int64_t chunks = (plan.matrix.channels + pack_channels - 1) / pack_channels;
  parallel_for(plan.groups * plan.panels.count() * chunks, [&](std::int64_t task, int) {
    const std::int64_t group = task / (plan.panels.count() * chunks);
    const std::int64_t panel = task / chunks % plan.panels.count();
    const std::int64_t begin = task % chunks * pack_channels;
    const std::int64_t end_channel = std::min(begin + pack_channels, plan.matrix.channels);
    const std::int64_t at = group * plan.panels.size();
    if (plan.has_totals) {
      combine(plan, panel, begin, end_channel, buffers.totals + at, dweight + group * group_size);
    } else {
      combine(plan, panel, begin, end_channel, buffers.sums + at, dweight + group * group_size);
    }
  });
}

#define TAPESTRY_INSTANTIATE(T)                                             \
  template std::size_t weight_gradient_workspace<T>(const Conv2dGeometry&); \
  template void weight_gradient(const Conv2dGeometry&, const T*, const Epilogue<T>&, const T*, T*, void*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels::implicit_gemm
