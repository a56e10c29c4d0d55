// Copies between arrays that lie in memory in different orders.
#pragma once

#include <cstdint>
#include <vector>

namespace tapestry::kernels {

/// One of a nest of loops over two arrays: how often it runs and how far a step goes in either, backwards if negative.
struct CopyLoop {
  std::int64_t size;
  std::int64_t from_stride;
  std::int64_t to_stride;
};

/// to[Σ iₗ · to_strideₗ] = from[Σ iₗ · from_strideₗ] for all indices 0 ≤ iₗ < sizeₗ; no two of them may lead to one
/// element of `to`. The order of the loops does not matter.
template <class T>
void strided_copy(std::vector<CopyLoop> loops, const T* from, T* to);

}  // namespace tapestry::kernels
