#include <algorithm>
#include <array>

#include <tapestry/kernels/conv2d_gather.hpp>
#include <tapestry/kernels/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv2d_pack.hpp>
#include <tapestry/kernels/conv2d_products.hpp>
#include <tapestry/kernels/conv2d_windows.hpp>
#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/parallel.hpp>

// Forward and input gradient are one computation: a window slides over source pixels, and every position makes one
// target pixel.
namespace tapestry::kernels::implicit_gemm {
namespace {

struct PixelPass {
  std::int64_t batch, groups;
  AxisPass rows, columns;
  std::int64_t source_channels;
  std::int64_t target_height, target_width, target_channels;
  WeightMatrix matrix;
  std::int64_t weight_group_stride;

  Window window() const {
    return {batch, rows.window, columns.window, source_channels, source_channels / groups};
  }
};

PixelPass forward_pass(const Conv2dGeometry& g) {
  const AxisPass rows = forward_axis(vertical(g));
  const AxisPass columns = forward_axis(horizontal(g));
  const std::int64_t in_group = g.in_channels / g.groups;
  const std::int64_t taps = g.kernel_height * g.kernel_width;
  return {.batch = g.batch,
          .groups = g.groups,
          .rows = rows,
          .columns = columns,
          .source_channels = g.in_channels,
          .target_height = g.out_height,
          .target_width = g.out_width,
          .target_channels = g.out_channels,
          .matrix = {.rows = rows,
                     .columns = columns,
                     .kernel_width = g.kernel_width,
                     .channels = in_group,
                     .channel_stride = taps,
                     .column_stride = in_group * taps},
          .weight_group_stride = g.out_channels / g.groups * in_group * taps};
}

PixelPass input_gradient_pass(const Conv2dGeometry& g, std::int64_t row_phase, std::int64_t column_phase) {
  const AxisPass rows = input_gradient_axis(vertical(g), row_phase);
  const AxisPass columns = input_gradient_axis(horizontal(g), column_phase);
  const std::int64_t in_group = g.in_channels / g.groups;
  const std::int64_t out_group = g.out_channels / g.groups;
  const std::int64_t taps = g.kernel_height * g.kernel_width;
  return {.batch = g.batch,
          .groups = g.groups,
          .rows = rows,
          .columns = columns,
          .source_channels = g.out_channels,
          .target_height = g.in_height,
          .target_width = g.in_width,
          .target_channels = g.in_channels,
          .matrix = {.rows = rows,
                     .columns = columns,
                     .kernel_width = g.kernel_width,
                     .channels = out_group,
                     .channel_stride = in_group * taps,
                     .column_stride = taps},
          .weight_group_stride = out_group * in_group * taps};
}

template <class T>
Panels panels_of(const PixelPass& pass) {
  return {.lanes = vector_lanes<T>(),
          .depth = pass.matrix.taps() * pass.matrix.channels,
          .channels = pass.target_channels / pass.groups};
}

template <class T>
struct Buffers {
  T* weights;
  T* bias;
  T* scratch;
  std::int64_t scratch_pitch;
};

template <class T>
Buffers<T> cut(WorkspaceCutter& cutter, const PixelPass& pass, const Panels& panels, const GatherPlan& plan) {
  const std::int64_t pitch = whole_lines<T>(plan.scratch_size());
  return {.weights = cutter.take<T>(pass.groups * panels.size()),
          .bias = cutter.take<T>(pass.groups * panels.padded_channels()),
          .scratch = cutter.take<T>(num_threads() * pitch),
          .scratch_pitch = pitch};
}

template <class T>
std::size_t pass_workspace(const PixelPass& pass) {
  WorkspaceCutter cutter(nullptr);
  cut<T>(cutter, pass, panels_of<T>(pass), GatherPlan(pass.window()));
  return cutter.size();
}

template <class T>
void pack(const PixelPass& pass, const Panels& panels, const T* weight, const T* bias, const Buffers<T>& buffers) {
  parallel_for(pass.groups * panels.count(), [&](std::int64_t piece, int) {
    const std::int64_t group = piece / panels.count();
    pack_panel(pass.matrix, panels, piece % panels.count(), weight + group * pass.weight_group_stride,
               buffers.weights + group * panels.size());
  });
  std::fill_n(buffers.bias, pass.groups * panels.padded_channels(), T{0});
  if (bias == nullptr) return;
  for (std::int64_t group = 0; group < pass.groups; ++group) {
    std::copy_n(bias + group * panels.channels, panels.channels, buffers.bias + group * panels.padded_channels());
  }
}

template <class T>
void point_at_targets(const PixelPass& pass, std::int64_t begin, std::int64_t end, T* target,
                      PixelPointers<T>& pixels) {
  const std::int64_t height = pass.rows.window.count;
  const std::int64_t width = pass.columns.window.count;
  std::size_t i = 0;
  for (std::int64_t pixel = begin; pixel < end;) {
    const std::int64_t grid_row = pixel / width;
    const std::int64_t row = pass.rows.target_first + grid_row % height * pass.rows.target_step;
    T* const first = target + (grid_row / height * pass.target_height + row) * pass.target_width * pass.target_channels;
    const std::int64_t row_end = std::min(end, (grid_row + 1) * width);
    for (; pixel < row_end; ++pixel) {
      const std::int64_t column = pass.columns.target_first + pixel % width * pass.columns.target_step;
      pixels[i++] = first + column * pass.target_channels;
    }
  }
  fill_up(pixels, end - begin);
}

template <class T>
void run(const PixelPass& pass, const T* source, const T* weight, const T* bias, T* target, void* workspace) {
  const GatherPlan plan(pass.window());
  const Panels panels = panels_of<T>(pass);
  if (plan.blocks() == 0 || panels.channels == 0) return;
  WorkspaceCutter cutter(workspace);
  const Buffers<T> buffers = cut<T>(cutter, pass, panels, plan);
  pack(pass, panels, weight, bias, buffers);

  parallel_for(plan.blocks() * pass.groups, [&](std::int64_t piece, int thread) {
    const std::int64_t block = piece / pass.groups;
    const std::int64_t group = piece % pass.groups;
    PixelPointers<const T> sources;
    PixelPointers<T> targets;
    plan.gather(block, source + group * pass.matrix.channels, buffers.scratch + thread * buffers.scratch_pitch,
                sources);
    point_at_targets(pass, plan.begin(block), plan.end(block), target + group * panels.channels, targets);
    multiply_pixels<T>({.sources = sources.data(),
                        .targets = targets.data(),
                        .pixels = plan.end(block) - plan.begin(block),
                        .runs = plan.runs(),
                        .channels = panels.channels,
                        .weights = buffers.weights + group * panels.size(),
                        .bias = buffers.bias + group * panels.padded_channels()});
  });
}

}  // namespace

template <class T>
std::size_t forward_workspace(const Conv2dGeometry& geometry) {
  return pass_workspace<T>(forward_pass(geometry));
}

template <class T>
std::size_t input_gradient_workspace(const Conv2dGeometry& geometry) {
  std::size_t size = 0;
  for (std::int64_t row = 0; row < geometry.stride_height; ++row) {
    for (std::int64_t column = 0; column < geometry.stride_width; ++column) {
      size = std::max(size, pass_workspace<T>(input_gradient_pass(geometry, row, column)));
    }
  }
  return size;
}

template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const T* weight, const T* bias, T* y, void* workspace) {
  run(forward_pass(geometry), x, weight, bias, y, workspace);
}

template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, T* dx, void* workspace) {
  for (std::int64_t row = 0; row < geometry.stride_height; ++row) {
    for (std::int64_t column = 0; column < geometry.stride_width; ++column) {
      run<T>(input_gradient_pass(geometry, row, column), dy, weight, nullptr, dx, workspace);
    }
  }
}

template std::size_t forward_workspace<float>(const Conv2dGeometry&);
template std::size_t forward_workspace<double>(const Conv2dGeometry&);
template std::size_t input_gradient_workspace<float>(const Conv2dGeometry&);
template std::size_t input_gradient_workspace<double>(const Conv2dGeometry&);
template void forward(const Conv2dGeometry&, const float*, const float*, const float*, float*, void*);
template void forward(const Conv2dGeometry&, const double*, const double*, const double*, double*, void*);
template void input_gradient(const Conv2dGeometry&, const float*, const float*, float*, void*);
template void input_gradient(const Conv2dGeometry&, const double*, const double*, double*, void*);

}  // namespace tapestry::kernels::implicit_gemm
