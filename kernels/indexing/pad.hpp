// Gathering along several axes at once, for padding: where every element of the target comes from is the product of
// where it comes from along each axis.
#pragma once

#include <cstdint>
#include <vector>

namespace tapestry::kernels {

/// One axis, slowest first: `source[i]` is the position that target position i comes from, or −1.
struct GatherAxis {
  std::int64_t source_size;
  std::vector<std::int64_t> source;
};

/// y[i, j, …][0, inner) = x[source(i), source(j), …][0, inner), or `value` where one of them is −1. At least one axis.
template <class T>
void gather_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, T value, const T* x, T* y);

/// The adjoint: dx[k, l, …] is the sum of dy at all positions that come from there, in rising order.
template <class T>
void scatter_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, const T* dy, T* dx);

}  // namespace tapestry::kernels
