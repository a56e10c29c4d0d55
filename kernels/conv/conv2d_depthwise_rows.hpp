// The inner loops of depthwise convolution, compiled for every instruction set and chosen at run time: one row of
// pixels at a time, along its channels.
#pragma once

#include <cstdint>

#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// The taps that one position of a target reads along one axis: `count` of them, the first at position `source` of the
/// source with position `kernel` of the kernel. From one to the next both go on by steps that all positions share.
struct AxisTaps {
  std::int64_t source, kernel, count;
};

/// Pixels that the next row of work reads and this one does not. Loops fetch them early, a share with every pixel of
/// their own: rows are short, and a processor does not foresee the next.
template <class T>
struct PixelsAhead {
  const T* first;
  std::int64_t count;
};

/// One row of target pixels. Row r of the taps reads the source from source + r · row_step on, with the weights from
/// weights + r · weight_row_step on; along a row of taps both go on by their column steps.
template <class T>
struct FilteredRow {
  const T* source;
  std::int64_t tap_rows, row_step, column_step;
  PixelsAhead<T> ahead;
  const T* weights;  ///< [kernel column][channel] in each row
  std::int64_t weight_row_step, weight_column_step;
  const AxisTaps* columns;  ///< of every target pixel
  std::int64_t pixels, channels;
  const T* bias;         ///< null for none
  Epilogue<T> epilogue;  ///< its addend is that of the target
  T* target;
  bool streams;  ///< whether the target bypasses the caches (should_stream)
};

/// target[pixel][c] = epilogue(bias[c] + Σ_taps weights[tap][c] · source[…][c]), summed in the order of the taps.
template <class T>
void filter_row(const FilteredRow<T>& row);

/// One row of output gradients and the rows of the image that its taps read, from source + r · row_step on.
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

/// sums[tap][c] += Σ_pixels gradients[pixel][c] · source[…][c], summed in the order of the pixels.
template <class T>
void correlate_row(const CorrelatedRow<T>& row);

}  // namespace tapestry::kernels
