#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_gather.hpp>
#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv/conv2d_pack.hpp>
#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>

// The forward pass and the input gradient are the same computation: a window slides over source pixels, and each of its
// positions yields one target pixel. With a stride, the input gradient has one such window per phase, that is, per
// remainder of the target's row and column modulo the strides.
namespace tapestry::kernels::implicit_gemm {
namespace {

/// One window with its weights. `first_tap` is the number of taps of all earlier phases.
struct Phase {
  WeightMatrix matrix;
  std::int64_t first_tap;
};

struct PixelPass {
  PixelPass(const Conv2dGeometry& geometry, Conv2dPass pass)
      : g(geometry),
        is_forward(pass == Conv2dPass::forward),
        source_channels(is_forward ? g.in_channels : g.out_channels),
        target_height(is_forward ? g.out_height : g.in_height),
        target_width(is_forward ? g.out_width : g.in_width),
        target_channels(is_forward ? g.out_channels : g.in_channels) {}

  std::int64_t phases() const { return is_forward ? 1 : kernels::phases(vertical(g)) * kernels::phases(horizontal(g)); }
  Phase phase(std::int64_t index) const {
    const std::int64_t taps = g.kernel_height * g.kernel_width;
    const std::int64_t in_group = g.in_channels / g.groups;
    if (is_forward) {
      return {.matrix = {.rows = forward_axis(vertical(g)),
                         .columns = forward_axis(horizontal(g)),
                         .kernel_width = g.kernel_width,
                         .channels = in_group,
                         .channel_stride = taps,
                         .column_stride = in_group * taps},
              .first_tap = 0};
    }
    const std::int64_t column_phases = std::max<std::int64_t>(kernels::phases(horizontal(g)), 1);
    const std::int64_t row_phase = index / column_phases;
    const std::int64_t column_phase = index % column_phases;
    const AxisPass rows = input_gradient_axis(vertical(g), row_phase);
    const AxisPass columns = input_gradient_axis(horizontal(g), column_phase);
    return {.matrix = {.rows = rows,
                       .columns = columns,
                       .kernel_width = g.kernel_width,
                       .channels = g.out_channels / g.groups,
                       .channel_stride = in_group * taps,
                       .column_stride = taps},
            .first_tap = taps_before(vertical(g), row_phase) * g.kernel_width +
                         rows.window.taps * taps_before(horizontal(g), column_phase)};
  }

  Conv2dGeometry g;
  bool is_forward;
  std::int64_t source_channels, target_height, target_width, target_channels;

 private:
  static std::int64_t taps_before(const Conv2dAxis& axis, std::int64_t phase) {
    std::int64_t taps = 0;
    for (std::int64_t earlier = 0; earlier < phase; ++earlier) taps += input_gradient_axis(axis, earlier).window.taps;
    return taps;
  }
};

GatherPlan gather_plan(const PixelPass& pass, const Phase& phase) {
  return GatherPlan({pass.g.batch, phase.matrix.rows.window, phase.matrix.columns.window, pass.source_channels,
                     phase.matrix.channels});
}

template <class T>
Panels panels_of(const PixelPass& pass, const Phase& phase) {
  return {.lanes = vector_lanes<T>(),
          .depth = phase.matrix.taps() * phase.matrix.channels,
          .channels = pass.target_channels / pass.g.groups};
}

/// The offset of a phase's weights.
std::int64_t weights_offset(const PixelPass& pass, const Phase& phase, const Panels& panels) {
  return phase.first_tap * phase.matrix.channels * panels.padded_channels() * pass.g.groups;
}

template <class T>
struct Buffers {
  T* weights;
  T* bias;
  T* scratch;
  std::int64_t scratch_pitch;
  /// The greatest number of blocks of a phase.
  std::int64_t blocks;
};

template <class T>
Buffers<T> take_buffers(WorkspaceCutter& cutter, const PixelPass& pass) {
  std::int64_t pitch = 0;
  std::int64_t blocks = 0;
  for (std::int64_t i = 0; i < pass.phases(); ++i) {
    const GatherPlan plan = gather_plan(pass, pass.phase(i));
    pitch = std::max(pitch, whole_lines<T>(std::max(plan.scratch_size(), plan.prologue_scratch_size())));
    blocks = std::max(blocks, plan.blocks());
  }
  const std::int64_t columns = panels_of<T>(pass, pass.phase(0)).padded_channels() * pass.g.groups;
  const std::int64_t depth = pass.g.kernel_height * pass.g.kernel_width * (pass.source_channels / pass.g.groups);
  return {.weights = cutter.take<T>(saturating_product(columns, depth)),
          .bias = cutter.take<T>(columns),
          .scratch = cutter.take<T>(saturating_product(num_threads(), pitch)),
          .scratch_pitch = pitch,
          .blocks = blocks};
}

template <class T>
void pack(const PixelPass& pass, const T* weight, const T* bias, const Buffers<T>& buffers) {
  const Panels any = panels_of<T>(pass, pass.phase(0));
  const std::int64_t group_weights = pass.g.out_channels / pass.g.groups * (pass.g.in_channels / pass.g.groups) *
                                     pass.g.kernel_height * pass.g.kernel_width;
  parallel_for(pass.phases() * pass.g.groups * any.count(), [&](std::int64_t piece, int) {
    const Phase phase = pass.phase(piece / any.count() / pass.g.groups);
    const std::int64_t group = piece / any.count() % pass.g.groups;
    const Panels panels = panels_of<T>(pass, phase);
    pack_panel(phase.matrix, panels, piece % any.count(), weight + group * group_weights,
               buffers.weights + weights_offset(pass, phase, panels) + group * panels.size());
  });
  std::fill_n(buffers.bias, pass.g.groups * any.padded_channels(), T{0});
  if (bias == nullptr) return;
  for (std::int64_t group = 0; group < pass.g.groups; ++group) {
    std::copy_n(bias + group * any.channels, any.channels, buffers.bias + group * any.padded_channels());
  }
}

template <class T>
void point_at_targets(const PixelPass& pass, const Phase& phase, std::int64_t begin, std::int64_t end, T* target,
                      PixelPointers<T>& pixels) {
  const AxisPass& rows = phase.matrix.rows;
  const AxisPass& columns = phase.matrix.columns;
  const std::int64_t width = columns.window.count;
  std::size_t i = 0;
  for (std::int64_t pixel = begin; pixel < end;) {
    const std::int64_t image = pixel / width / rows.window.count;
    const std::int64_t row = rows.target_first + pixel / width % rows.window.count * rows.target_step;
    T* const first = target + (image * pass.target_height + row) * pass.target_width * pass.target_channels;
    const std::int64_t column = pixel % width;
    const std::int64_t count = std::min(width - column, end - pixel);
    for (std::int64_t c = column; c < column + count; ++c) {
      pixels[i++] = first + (columns.target_first + c * columns.target_step) * pass.target_channels;
    }
    pixel += count;
  }
  fill_up(pixels, end - begin);
}

// The prefetch distance: long enough to hide the latency of memory, short enough that the pixels stay in the L1 cache.
constexpr std::int64_t pixels_ahead = 2 * pixel_granule;

/// The pixels to prefetch while a block is multiplied: those that follow the current ones or, with a prologue, which is
/// applied to a whole block at a time, the next block; null if that does not fit into the L2 cache.
template <class T>
const T* ahead_of(const PixelPass& pass, const GatherPlan& plan, std::int64_t block, const T* source,
                  bool has_prologue) {
  if (!plan.is_dense()) return nullptr;
  const std::int64_t end = plan.end(block);
  if (!has_prologue) return source + (plan.begin(block) + pixels_ahead) * pass.source_channels;
  constexpr std::int64_t max_bytes = std::int64_t{256} << 10;
  const bool fits = (end - plan.begin(block)) * pass.source_channels * std::int64_t{sizeof(T)} <= max_bytes;
  return fits ? source + end * pass.source_channels : nullptr;
}

template <class T>
void multiply_block(const PixelPass& pass, const Phase& phase, const GatherPlan& plan, std::int64_t block,
                    std::int64_t group, const T* source, const Epilogue<T>& load, const Epilogue<T>& store, T* target,
                    const Buffers<T>& buffers, T* scratch) {
  const Panels panels = panels_of<T>(pass, phase);
  PixelPointers<const T> sources;
  PixelPointers<T> targets;
  if (load.is_none()) {
    plan.gather(block, source + group * phase.matrix.channels, scratch, sources);
  } else {
    plan.gather_with_prologue(block, source, load, scratch, sources);
  }
  T* const first = target + group * panels.channels;
  point_at_targets(pass, phase, plan.begin(block), plan.end(block), first, targets);
  multiply_pixels<T>(
      {.sources = sources.data(),
       .targets = targets.data(),
       .pixels = plan.end(block) - plan.begin(block),
       .runs = plan.runs(),
       .channels = panels.channels,
       .weights = buffers.weights + weights_offset(pass, phase, panels) + group * panels.size(),
       .bias = buffers.bias + group * panels.padded_channels(),
       .streams = store.addend != target &&
                  should_stream(first, pass.g.batch * pass.target_height * pass.target_width, panels.channels),
       .epilogue = {store.affine.from(group * panels.channels), store.addend, store.activation},
       .target_base = target,
       .ahead = ahead_of(pass, plan, block, source, !load.is_none())});
}

// The phases of a block are consecutive pieces because they read the same pixels.
template <class T>
void run(const PixelPass& pass, const T* source, const Epilogue<T>& load, const T* weight, const T* bias,
         const Epilogue<T>& store, T* target, void* workspace) {
  WorkspaceCutter cutter(workspace);
  const Buffers<T> buffers = take_buffers<T>(cutter, pass);
  if (buffers.blocks == 0 || pass.target_channels == 0) return;
  pack(pass, weight, bias, buffers);
  parallel_for(buffers.blocks * pass.g.groups * pass.phases(), [&](std::int64_t piece, int thread) {
    const Phase phase = pass.phase(piece % pass.phases());
    const std::int64_t group = piece / pass.phases() % pass.g.groups;
    const std::int64_t block = piece / pass.phases() / pass.g.groups;
    const GatherPlan plan = gather_plan(pass, phase);
    if (block >= plan.blocks()) return;
    multiply_block(pass, phase, plan, block, group, source, load, store, target, buffers,
                   buffers.scratch + thread * buffers.scratch_pitch);
  });
}

}  // namespace

bool can_load_epilogue(const Conv2dGeometry& g) {
  const auto reads_every_pixel_once = [](const Conv2dAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad == 0 && axis.out_size == axis.in_size;
  };
  return g.groups == 1 && reads_every_pixel_once(vertical(g)) && reads_every_pixel_once(horizontal(g));
}

template <class T>
std::size_t workspace(const Conv2dGeometry& geometry, Conv2dPass pass) {
  if (pass == Conv2dPass::weight_gradient) return weight_gradient_workspace<T>(geometry);
  WorkspaceCutter cutter(nullptr);
  take_buffers<T>(cutter, PixelPass(geometry, pass));
  return cutter.size();
}

template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace) {
  run<T>(PixelPass(geometry, Conv2dPass::forward), x, load, weight, bias, store, y, workspace);
}

template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias,
                    const Epilogue<T>& store, T* dx, void* workspace) {
  run<T>(PixelPass(geometry, Conv2dPass::input_gradient), dy, {}, weight, bias, store, dx, workspace);
}

#define TAPESTRY_INSTANTIATE(T)                                                                                      \
  template std::size_t workspace<T>(const Conv2dGeometry&, Conv2dPass);                                              \
  template void forward(const Conv2dGeometry&, const T*, const Epilogue<T>&, const T*, const T*, const Epilogue<T>&, \
                        T*, void*);                                                                                  \
  template void input_gradient(const Conv2dGeometry&, const T*, const T*, const T*, const Epilogue<T>&, T*, void*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels::implicit_gemm
