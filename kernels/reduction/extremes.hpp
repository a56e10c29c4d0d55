// The maximum and minimum along an axis. If there is a NaN, it is the result.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/kernels/indexing/middle_axis.hpp>

namespace tapestry::kernels {

/// True when `x` replaces `best`, the extreme so far; equal numbers do not.
template <bool largest, class T>
bool replaces(T x, T best) {
  return (largest ? x > best : x < best) || (x != x && best == best);
}

/// The extreme of a row, which must not be empty; keeps several candidates to hide latency.
template <bool largest, class T>
T row_extreme(const T* in, std::int64_t size) {
  std::array<T, 16> lanes;
  lanes.fill(in[0]);
  std::int64_t i = 0;
  for (; i + 16 <= size; i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) {
      const T x = in[i + static_cast<std::int64_t>(lane)];
      lanes[lane] = replaces<largest>(x, lanes[lane]) ? x : lanes[lane];
    }
  }
  for (std::size_t lane = 0; i < size; ++i, ++lane)
    lanes[lane] = replaces<largest>(in[i], lanes[lane]) ? in[i] : lanes[lane];
  T best = lanes[0];
  for (const T x : lanes) best = replaces<largest>(x, best) ? x : best;
  return best;
}

/// out[o][k] = the extreme of in[o][i][k] over i; the axis must not be empty.
template <bool largest, class T>
void extremes(const MiddleAxis& axis, const T* in, T* out);

/// out[o][k] = the first i with the extreme in[o][i][k]; the axis must not be empty.
template <bool largest, class T>
void extreme_indices(const MiddleAxis& axis, const T* in, std::int64_t* out);

}  // namespace tapestry::kernels
