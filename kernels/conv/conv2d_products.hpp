// The micro-kernels of convolution, compiled for every instruction set. Both are matrix products over a block of
// gathered pixels; matrices are stored in panels one or two vectors wide.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_gather.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// The number of elements of type T in a vector of this machine.
template <class T>
std::int64_t vector_lanes();

/// The layout of a matrix of `depth` rows and `channels` columns: panels of two vectors, then a panel of one vector if
/// at most that many columns remain. Within a panel rows are contiguous. Missing columns are zero.
struct Panels {
  std::int64_t lanes;
  std::int64_t depth;
  std::int64_t channels;

  /// The number of columns, rounded up to whole vectors.
  std::int64_t padded_channels() const { return (channels + lanes - 1) / lanes * lanes; }
  std::int64_t size() const { return depth * padded_channels(); }
  std::int64_t count() const { return (channels + 2 * lanes - 1) / (2 * lanes); }
  std::int64_t begin(std::int64_t panel) const { return panel * 2 * lanes; }
  std::int64_t width(std::int64_t panel) const { return std::min(2 * lanes, padded_channels() - begin(panel)); }
  std::int64_t offset(std::int64_t panel) const { return begin(panel) * depth; }
};

/// The operands of `multiply_pixels`. Lists of pointers are padded to a multiple of `pixel_granule`; `weights` and
/// `bias` are in panels, 64-byte aligned.
template <class T>
struct PixelProduct {
  const T* const* sources;
  T* const* targets;
  std::int64_t pixels;
  Runs runs;
  std::int64_t channels;
  const T* weights;
  const T* bias;
  bool streams = false;  ///< whether the targets bypass the caches (should_stream)
  /// Its parameters begin with the first column; the addend of the result at address t is epilogue.addend[t −
  /// target_base].
  Epilogue<T> epilogue = {};
  const T* target_base = nullptr;

  /// The pixels that a later product reads, contiguous, one run per pixel: they are prefetched. May point past the end.
  /// Null for none.
  const T* ahead = nullptr;
  /// Elements added to all pointers, so that one list of pointers serves many products.
  std::int64_t source_offset = 0, target_offset = 0;
  /// The distance in elements between consecutive sources and targets if it is constant, otherwise 0.
  std::int64_t source_pitch = 0, target_pitch = 0;
};

/// targets[p][j] = epilogue(bias[j] + Σ_d sources[p][d] · weights[d][j]) for j < channels, summed in the order of d,
/// which counts the elements of the runs.
template <class T>
void multiply_pixels(const PixelProduct<T>& product);

/// The operands of `add_pixels`. `sums` are in panels, 64-byte aligned; `gradients` are read up to the end of the last
/// vector of channels, and what is read there is added to the missing columns.
template <class T>
struct PixelSum {
  const T* const* sources;
  const T* gradients;
  std::int64_t pitch;
  std::int64_t pixels;
  Runs runs;
  std::int64_t channels;
  T* sums;
  bool begins = false;             ///< whether the sums are initialized here: their previous contents are ignored
  std::int64_t source_offset = 0;  ///< elements added to all pointers
  /// What a later sum reads, as `ahead` in PixelProduct; the gradients have the same pitch.
  const T* sources_ahead = nullptr;
  const T* gradients_ahead = nullptr;
};

/// sums[d][j] += Σ_p sources[p][d] · gradients[p · pitch + j] for j < channels, summed in the order of p.
template <class T>
void add_pixels(const PixelSum<T>& sum);

}  // namespace tapestry::kernels
