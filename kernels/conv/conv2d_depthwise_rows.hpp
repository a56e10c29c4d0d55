// The inner loops of depthwise convolution, vectorized over the channels of one row of pixels and compiled for every
// instruction set.
#pragma once

#include <cstdint>

#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// The taps that one target position reads along one axis: `count` of them, the first at source position `source` and
/// kernel position `kernel`. The steps from one tap to the next are the same for all target positions.
struct AxisTaps {
  std::int64_t source, kernel, count;
};

/// Pixels that the next row of work reads and this one does not. Loops prefetch them, a share with each of their own
/// pixels, because rows are too short for the hardware prefetcher.
template <class T>
struct PixelsAhead {
  const T* first;
  std::int64_t count;
};

/// One row of target pixels. Row r of the taps reads the source from source + r · row_step on, with the weights from
/// weights + r · weight_row_step on; the column steps lead from one tap of a row to the next in both.
template <class T>
struct FilteredRow {
  const T* source = nullptr;
  std::int64_t tap_rows, row_step = 0, column_step;
  PixelsAhead<T> ahead = {nullptr, 0};
  const T* weights;  ///< [kernel column][channel] in each row
  std::int64_t weight_row_step, weight_column_step;
  const AxisTaps* columns;  ///< of every target pixel
  std::int64_t pixels = 0, channels;
  const T* bias = nullptr;    ///< null for none
  Epilogue<T> epilogue = {};  ///< its addend is that of the target
  T* target = nullptr;
  bool streams = false;  ///< whether the target bypasses the caches (should_stream)
};

/// target[pixel][c] = epilogue(bias[c] + Σ_taps weights[tap][c] · source[…][c]), summed in tap order.
template <class T>
void filter_row(const FilteredRow<T>& row);

/// One row of output gradients and the image rows that its taps read, the r-th from source + r · row_step on.
template <class T>
struct CorrelatedRow {
  const T* source;
  std::int64_t tap_rows, row_step;
  PixelsAhead<T> ahead;
  const T* gradients;
  PixelsAhead<T> gradients_ahead;
  Conv2dAxis columns;
  std::int64_t channels;
  T* sums;  ///< [tap row][tap column][channel]
};

/// sums[tap][c] += Σ_pixels gradients[pixel][c] · source[…][c], summed in pixel order.
template <class T>
void correlate_row(const CorrelatedRow<T>& row);

}  // namespace tapestry::kernels
