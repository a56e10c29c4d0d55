// Copies between arrays with different memory orders.
#pragma once

#include <cstdint>
#include <vector>

namespace tapestry::kernels {

/// One loop of a nest over two arrays: its number of iterations and its stride in either array, possibly negative.
struct CopyLoop {
  std::int64_t size;
  std::int64_t from_stride;
  std::int64_t to_stride;
};

/// to[Σ iₗ · to_strideₗ] = from[Σ iₗ · from_strideₗ] for all indices 0 ≤ iₗ < sizeₗ; no two of them may map to the
/// same element of `to`. The order of the loops does not matter.
template <class T>
void strided_copy(std::vector<CopyLoop> loops, const T* from, T* to);

}  // namespace tapestry::kernels
