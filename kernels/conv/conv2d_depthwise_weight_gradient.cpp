#include <algorithm>
#include <bit>

#include <tapestry/kernels/conv/conv2d_depthwise.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise_source.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels::depthwise {
namespace {

// The sum over rows is divided into a power of two of pieces, which divides evenly among most numbers of threads.
constexpr std::int64_t max_pieces = 16;
// The sums over this many pixels, at least, are added up in T, those over all of them in double precision.
constexpr std::int64_t summed_pixels = 256;

template <class T>
struct GradientBuffers {
  std::int64_t pieces;
  AxisTaps* rows;
  T* sums;         ///< [piece][tap][output channel]
  double* totals;  ///< as the sums
  std::int64_t sums_pitch;
  T* scratch;
  std::int64_t scratch_pitch;
};

template <class T>
GradientBuffers<T> take_gradient_buffers(WorkspaceCutter& cutter, const Conv2dGeometry& g) {
  const std::int64_t most = std::min(g.batch * g.out_height, max_pieces);
  const auto pieces = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
  const std::int64_t pitch = whole_lines<T>(SourceReader<T>::scratch_size(g));
  const std::int64_t sums_pitch = whole_lines<T>(kernel_area(g) * g.out_channels);
  return {.pieces = pieces,
          .rows = cutter.take<AxisTaps>(g.out_height),
          .sums = cutter.take<T>(pieces * sums_pitch),
          .totals = cutter.take<double>(pieces * sums_pitch),
          .sums_pitch = sums_pitch,
          .scratch = cutter.take<T>(saturating_product(num_threads(), pitch)),
          .scratch_pitch = pitch};
}

/// The output pixels [first, last) of a row.
template <class T>
CorrelatedRow<T> part_of(CorrelatedRow<T> row, std::int64_t first, std::int64_t last) {
  Conv2dAxis& axis = row.columns;
  const std::int64_t begin = first * axis.stride - axis.pad;
  const std::int64_t origin = std::max<std::int64_t>(begin, 0);
  row.source += origin * row.channels;
  row.gradients += first * row.channels;
  row.ahead.count = row.gradients_ahead.count = 0;
  axis.in_size -= origin;
  axis.out_size = last - first;
  axis.pad = origin - begin;
  return row;
}

/// `correlate_row` with at most a few times `summed_pixels` pixels in a sum: longer rows go to the totals in parts.
template <class T>
void correlate_in_parts(const CorrelatedRow<T>& row, std::int64_t sums_size, T* sums, double* totals) {
  const std::int64_t width = row.columns.out_size;
  if (width <= 4 * summed_pixels) return correlate_row(row);
  for (std::int64_t first = 0; first < width; first += summed_pixels) {
    correlate_row(part_of(row, first, std::min(width, first + summed_pixels)));
    move_sums(sums_size, sums, totals);
  }
}

}  // namespace

template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& g) {
  WorkspaceCutter cutter(nullptr);
  take_gradient_buffers<T>(cutter, g);
  return cutter.size();
}

template <class T>
void weight_gradient(const Conv2dGeometry& g, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace) {
  WorkspaceCutter cutter(workspace);
  const GradientBuffers<T> buffers = take_gradient_buffers<T>(cutter, g);
  const std::int64_t all_rows = g.batch * g.out_height;
  const std::int64_t sums_size = kernel_area(g) * g.out_channels;
  if (all_rows > 0) fill_taps(forward_axis(vertical(g)), buffers.rows);
  parallel_for(buffers.pieces, [&](std::int64_t piece, int thread) {
    T* const sums = buffers.sums + piece * buffers.sums_pitch;
    double* const totals = buffers.totals + piece * buffers.sums_pitch;
    std::fill_n(sums, sums_size, T{0});
    std::fill_n(totals, sums_size, 0.0);
    std::int64_t pixels = 0;  // in the sums
    SourceReader<T> reader(g, x, load, buffers.rows, buffers.scratch + thread * buffers.scratch_pitch);
    const std::int64_t end = all_rows * (piece + 1) / buffers.pieces;
    for (std::int64_t index = all_rows * piece / buffers.pieces; index < end; ++index) {
      const AxisTaps& taps = buffers.rows[index % g.out_height];
      const SourceRows<T> source = reader.rows_of(index);
      const std::int64_t dy_row = g.out_width * g.out_channels;
      const CorrelatedRow<T> row = {
          .source = source.first,
          .tap_rows = taps.count,
          .row_step = source.step,
          .ahead = source.ahead,
          .gradients = dy + index * dy_row,
          .gradients_ahead = {dy + (index + 1) * dy_row, index + 1 < all_rows ? g.out_width : 0},
          .columns = horizontal(g),
          .channels = g.out_channels,
          .sums = sums + taps.kernel * g.kernel_width * g.out_channels};
      correlate_in_parts(row, sums_size, sums, totals);
      pixels += g.out_width;
      if (pixels < summed_pixels && index + 1 < end) continue;
      move_sums(sums_size, sums, totals);
      pixels = 0;
    }
  });
  for (std::int64_t k = 0; k < g.out_channels; ++k) {
    for (std::int64_t tap = 0; tap < kernel_area(g); ++tap) {
      double total = 0;
      for (std::int64_t piece = 0; piece < buffers.pieces; ++piece) {
        total += buffers.totals[piece * buffers.sums_pitch + tap * g.out_channels + k];
      }
      *dweight++ = static_cast<T>(total);
    }
  }
}

#define TAPESTRY_INSTANTIATE(T)                                             \
  template std::size_t weight_gradient_workspace<T>(const Conv2dGeometry&); \
  template void weight_gradient(const Conv2dGeometry&, const T*, const Epilogue<T>&, const T*, T*, void*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels::depthwise
