#include <algorithm>

#include <tapestry/kernels/elementwise/channel_rows.hpp>
#include <tapestry/kernels/elementwise/channel_sums.hpp>
#include <tapestry/kernels/reduction/column_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// The number of rows per partial sum: enough to be worth a thread, and few partial sums to combine.
std::int64_t piece_rows(std::int64_t rows, std::int64_t channels) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  constexpr std::int64_t max_pieces = 256;
  return std::max({std::int64_t{1}, grain / std::max<std::int64_t>(channels, 1), (rows + max_pieces - 1) / max_pieces});
}

std::int64_t piece_count(std::int64_t rows, std::int64_t channels) {
  const std::int64_t size = piece_rows(rows, channels);
  return (rows + size - 1) / size;
}

/// Calls `prepare(first row, rows)` for tiles that stay in the L1 cache, then sums the rows of x there.
template <class T, class Prepare>
void sum_tiles(std::int64_t rows, std::int64_t channels, const T* x, double* sums, double* scratch,
               const Prepare& prepare) {
  const std::int64_t size = piece_rows(rows, channels);
  const std::int64_t pieces = piece_count(rows, channels);
  const std::int64_t tile = rows_in_bytes<T>(channels, std::int64_t{1} << 14);
  parallel_for(pieces, [&](std::int64_t piece, int) {
    double* const partial = scratch + 2 * piece * channels;
    double* const of_tile = partial + channels;
    std::fill_n(partial, channels, 0.0);
    const std::int64_t end = std::min(rows, (piece + 1) * size);
    for (std::int64_t first = piece * size; first < end; first += tile) {
      const std::int64_t count = std::min(tile, end - first);
      prepare(first, count);
      column_sums(count, channels, x + first * channels, of_tile);
      for (std::int64_t c = 0; c < channels; ++c) partial[c] += of_tile[c];
    }
  });
  std::fill_n(sums, channels, 0.0);
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += scratch[2 * piece * channels + c];
  }
}

}  // namespace

std::int64_t channel_sums_scratch(std::int64_t rows, std::int64_t channels) {
  return 2 * piece_count(rows, channels) * channels;
}

template <class T>
void channel_sums(std::int64_t rows, std::int64_t channels, const T* x, double* sums, double* scratch) {
  sum_tiles(rows, channels, x, sums, scratch, [](std::int64_t, std::int64_t) {});
}

template <class T>
void activation_gradient_sums(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                              T* dx, double* sums, double* scratch) {
  sum_tiles(rows, channels, dx, sums, scratch, [&](std::int64_t first, std::int64_t count) {
    const std::int64_t at = first * channels;
    activation_gradient_rows(count, channels, dy + at, source.from(at, 0), dx + at);
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                \
  template void channel_sums(std::int64_t, std::int64_t, const T*, double*, double*);                          \
  template void activation_gradient_sums(std::int64_t, std::int64_t, const T*, const ActivationSource<T>&, T*, \
                                         double*, double*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
