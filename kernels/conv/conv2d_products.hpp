// The inner loops of convolution, compiled for every instruction set and chosen at run time. Both are products over a
// block of gathered pixels; matrices are stored in panels a vector or two wide.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_gather.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// Numbers of type T in a vector of this machine.
template <class T>
std::int64_t vector_lanes();

/// A matrix of `depth` rows and `channels` columns is stored panel by panel: first panels of two vectors, then, if at
/// most one vector of columns is left, a panel of one. Inside a panel rows follow one another. Missing columns are
/// zero.
struct Panels {
  std::int64_t lanes;
  std::int64_t depth;
  std::int64_t channels;

  /// The columns with those that fill up the last vector.
  std::int64_t padded_channels() const { return (channels + lanes - 1) / lanes * lanes; }
  std::int64_t size() const { return depth * padded_channels(); }
  std::int64_t count() const { return (channels + 2 * lanes - 1) / (2 * lanes); }
  std::int64_t begin(std::int64_t panel) const { return panel * 2 * lanes; }
  std::int64_t width(std::int64_t panel) const { return std::min(2 * lanes, padded_channels() - begin(panel)); }
  std::int64_t offset(std::int64_t panel) const { return begin(panel) * depth; }
};

/// The operands of `multiply_pixels`. Lists of pointers are filled up to a multiple of `pixel_granule`; `weights` and
/// `bias` are panels, 64-byte aligned.
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
  /// Its numbers begin with the first column; the addend of a result at `t` is epilogue.addend[t − target_base].
  Epilogue<T> epilogue = {};
  const T* target_base = nullptr;

  /// What a later product reads, pixel after pixel like the sources, which are single runs then, and may lie past the
  /// end: it is fetched early. Null for nothing.
  const T* ahead = nullptr;
  /// Elements that are added to all pointers: lists of pointers serve many products.
  std::int64_t source_offset = 0, target_offset = 0;
  /// Elements from every source to the next and from every target to the next, where they lie so; 0 where they do not.
  std::int64_t source_pitch = 0, target_pitch = 0;
};

/// targets[p][j] = epilogue(bias[j] + Σ_d sources[p][d] · weights[d][j]) for j < channels, summed in the order of d,
/// where d counts the elements of the runs.
template <class T>
void multiply_pixels(const PixelProduct<T>& product);

/// The operands of `add_pixels`. `sums` are panels, 64-byte aligned; `gradients` are read up to the end of the last
/// vector of channels, and what is read there ends in the sums of the missing columns.
template <class T>
struct PixelSum {
  const T* const* sources;
  const T* gradients;
  std::int64_t pitch;
  std::int64_t pixels;
  Runs runs;
  std::int64_t channels;
  T* sums;
  bool begins = false;             ///< whether the sums begin here: what was there does not count
  std::int64_t source_offset = 0;  ///< elements that are added to all pointers
  /// What a later sum reads, as in PixelProduct, gradients with the same pitch.
  const T* sources_ahead = nullptr;
  const T* gradients_ahead = nullptr;
};

/// sums[d][j] += Σ_p sources[p][d] · gradients[p · pitch + j] for j < channels, summed in the order of p.
template <class T>
void add_pixels(const PixelSum<T>& sum);

}  // namespace tapestry::kernels
