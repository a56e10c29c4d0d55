// Gathering along several axes at once, for padding: the source of a target element is given per axis.
#pragma once

#include <cstdint>
#include <vector>

namespace tapestry::kernels {

/// One axis: `source[i]` is the source position of target position i, or −1. Axes are listed slowest first.
struct GatherAxis {
  std::int64_t source_size;
  std::vector<std::int64_t> source;
};

/// y[i, j, …][0, inner) = x[source(i), source(j), …][0, inner), or `value` where one of them is −1. Requires at least
/// one axis.
template <class T>
void gather_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, T value, const T* x, T* y);

/// The adjoint: dx[k, l, …] is the sum of dy over all target positions that come from there, in ascending
/// order.
template <class T>
void scatter_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, const T* dy, T* dx);

}  // namespace tapestry::kernels
