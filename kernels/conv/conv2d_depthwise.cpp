#include <algorithm>

#include <tapestry/kernels/conv/conv2d_depthwise.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise_source.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>

// The forward pass and the input gradient are the same computation: every target pixel is a sum over taps of the source
// (see AxisPass). If several output channels read one input channel (the multiplier), image rows are first spread to
// the output channels, or gathered from them, in scratch memory, so that the inner loops always run over equal
// channels.
namespace tapestry::kernels::depthwise {
namespace {

template <class T>
struct Buffers {
  T* weights;  ///< [tap][output channel]
  AxisTaps *rows, *columns;
  T* scratch;
  std::int64_t scratch_pitch;
};

template <class T>
Buffers<T> take_buffers(WorkspaceCutter& cutter, const Conv2dGeometry& g, Conv2dPass pass) {
  const bool is_forward = pass == Conv2dPass::forward;
  const std::int64_t gathered = multiplier(g) == 1 ? 0 : g.in_width * g.out_channels;
  const std::int64_t pitch = whole_lines<T>(is_forward ? SourceReader<T>::scratch_size(g) : gathered);
  return {.weights = cutter.take<T>(kernel_area(g) * g.out_channels),
          .rows = cutter.take<AxisTaps>(is_forward ? g.out_height : g.in_height),
          .columns = cutter.take<AxisTaps>(is_forward ? g.out_width : g.in_width),
          .scratch = cutter.take<T>(saturating_product(num_threads(), pitch)),
          .scratch_pitch = pitch};
}

template <class T>
void pack(const Conv2dGeometry& g, const T* weight, T* packed) {
  for (std::int64_t k = 0; k < g.out_channels; ++k) {
    for (std::int64_t tap = 0; tap < kernel_area(g); ++tap) packed[tap * g.out_channels + k] = *weight++;
  }
}

/// Calls `body(begin, end, thread)` for ranges of the rows of all images. Adjacent ranges read the same rows at their
/// border, so ranges are long, up to `max_rows` rows, as long as there are enough of them.
template <class Body>
void for_rows(std::int64_t rows, std::int64_t max_rows, const Body& body) {
  constexpr std::int64_t enough = 16;
  const std::int64_t grain = std::clamp<std::int64_t>(rows / enough, 1, max_rows);
  parallel_for((rows + grain - 1) / grain, [&](std::int64_t piece, int thread) {
    body(piece * grain, std::min(rows, (piece + 1) * grain), thread);
  });
}

/// The number of rows of a good piece of work.
std::int64_t rows_at_once(std::int64_t row_size) {
  constexpr std::int64_t elements = std::int64_t{1} << 16;
  return 1 + elements / (row_size + 1);
}

/// The row of targets with the taps `taps`; the caller sets the fields that have defaults.
template <class T>
FilteredRow<T> row_of(const Conv2dGeometry& g, const AxisPass& rows, const AxisPass& columns, const AxisTaps& taps,
                      const Buffers<T>& buffers) {
  const std::int64_t k = g.out_channels;
  return {.tap_rows = taps.count,
          .column_step = columns.window.dilation * k,
          .weights = buffers.weights + taps.kernel * g.kernel_width * k,
          .weight_row_step = rows.kernel_step * g.kernel_width * k,
          .weight_column_step = columns.kernel_step * k,
          .columns = buffers.columns,
          .channels = k};
}

/// Sums the output channels of every input channel.
template <class T>
void gather(const Conv2dGeometry& g, const T* spread_row, const T* bias, T* dx) {
  for (std::int64_t i = 0; i < g.in_width * g.in_channels; ++i) {
    T sum = bias == nullptr ? T{0} : bias[i % g.in_channels];
    for (std::int64_t q = 0; q < multiplier(g); ++q) sum += *spread_row++;
    dx[i] = sum;
  }
}

}  // namespace

bool can_apply_epilogue(const Conv2dGeometry& g) {
  return multiplier(g) == 1;
}

template <class T>
std::size_t workspace(const Conv2dGeometry& g, Conv2dPass pass) {
  if (pass == Conv2dPass::weight_gradient) return weight_gradient_workspace<T>(g);
  WorkspaceCutter cutter(nullptr);
  take_buffers<T>(cutter, g, pass);
  return cutter.size();
}

template <class T>
void forward(const Conv2dGeometry& g, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace) {
  WorkspaceCutter cutter(workspace);
  const Buffers<T> buffers = take_buffers<T>(cutter, g, Conv2dPass::forward);
  const AxisPass rows = forward_axis(vertical(g));
  const AxisPass columns = forward_axis(horizontal(g));
  if (g.batch == 0) return;
  pack(g, weight, buffers.weights);
  fill_taps(rows, buffers.rows);
  fill_taps(columns, buffers.columns);
  const std::int64_t row_size = g.out_width * g.out_channels;
  // A prologue is applied to bands of rows, each while the next is prefetched; long ranges have few partial bands.
  const std::int64_t max_rows = load.is_none() ? rows_at_once(row_size) : g.batch * g.out_height;
  for_rows(g.batch * g.out_height, max_rows, [&](std::int64_t begin, std::int64_t end, int thread) {
    SourceReader<T> reader(g, x, load, buffers.rows, buffers.scratch + thread * buffers.scratch_pitch);
    for (std::int64_t index = begin; index < end; ++index) {
      const AxisTaps& taps = buffers.rows[index % g.out_height];
      const SourceRows<T> source = reader.rows_of(index);
      FilteredRow<T> row = row_of(g, rows, columns, taps, buffers);
      row.source = source.first;
      row.row_step = source.step;
      row.ahead = source.ahead;
      row.pixels = g.out_width;
      row.bias = bias;
      row.target = y + index * row_size;
      row.epilogue = store.from(index * row_size, 0);
      row.streams = store.addend != y && should_stream(y, g.batch * g.out_height * g.out_width, g.out_channels);
      filter_row(row);
    }
  });
}

template <class T>
void input_gradient(const Conv2dGeometry& g, const T* dy, const T* weight, const T* bias, const Epilogue<T>& store,
                    T* dx, void* workspace) {
  WorkspaceCutter cutter(workspace);
  const Buffers<T> buffers = take_buffers<T>(cutter, g, Conv2dPass::input_gradient);
  if (g.batch == 0) return;
  pack(g, weight, buffers.weights);
  AxisPass rows = input_gradient_axis(vertical(g), 0);
  AxisPass columns = input_gradient_axis(horizontal(g), 0);
  for (std::int64_t i = 0; i < phases(vertical(g)); ++i) {
    rows = input_gradient_axis(vertical(g), i);
    fill_taps(rows, buffers.rows);
  }
  for (std::int64_t i = 0; i < phases(horizontal(g)); ++i) {
    columns = input_gradient_axis(horizontal(g), i);
    fill_taps(columns, buffers.columns);
  }
  const std::int64_t source_size = g.out_width * g.out_channels;
  const std::int64_t max_rows = rows_at_once(g.in_width * g.out_channels);
  for_rows(g.batch * g.in_height, max_rows, [&](std::int64_t begin, std::int64_t end, int thread) {
    T* const scratch = buffers.scratch + thread * buffers.scratch_pitch;
    for (std::int64_t index = begin; index < end; ++index) {
      const AxisTaps& taps = buffers.rows[index % g.in_height];
      T* const target = dx + index * g.in_width * g.in_channels;
      FilteredRow<T> row = row_of(g, rows, columns, taps, buffers);
      row.source = dy + (index / g.in_height * g.out_height + taps.source) * source_size;
      row.row_step = rows.window.dilation * source_size;
      row.ahead = pixels_ahead<T>({dy, g.batch, g.out_height, g.out_width, g.out_channels},
                                  {buffers.rows, g.in_height, rows.window.dilation}, index);
      row.pixels = g.in_width;
      row.bias = multiplier(g) == 1 ? bias : nullptr;
      row.target = multiplier(g) == 1 ? target : scratch;
      row.epilogue = store.from(index * g.in_width * g.in_channels, 0);
      row.streams = multiplier(g) == 1 && store.addend != dx &&
                    should_stream(dx, g.batch * g.in_height * g.in_width, g.in_channels);
      filter_row(row);
      if (multiplier(g) != 1) gather(g, scratch, bias, target);
    }
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                      \
  template std::size_t workspace<T>(const Conv2dGeometry&, Conv2dPass);                                              \
  template void forward(const Conv2dGeometry&, const T*, const Epilogue<T>&, const T*, const T*, const Epilogue<T>&, \
                        T*, void*);                                                                                  \
  template void input_gradient(const Conv2dGeometry&, const T*, const T*, const T*, const Epilogue<T>&, T*, void*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels::depthwise
