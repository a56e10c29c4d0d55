// Gathering and scattering by index. Indices must be within bounds.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/kernels/indexing/middle_axis.hpp>

namespace tapestry::kernels {

/// to[o][i][k] = from[o][indices[i]][k] for i in [0, count); `axis` is that of `from`.
template <class T>
void index_select(const MiddleAxis& axis, std::int64_t count, const std::int64_t* indices, const T* from, T* to);

/// to[o][j][k] = Σ from[o][i][k] over all i in [0, count) with indices[i] = j, in their order; `axis` is that of `to`.
template <class T>
void index_add(const MiddleAxis& axis, std::int64_t count, const std::int64_t* indices, const T* from, T* to);

/// The layout of an array of indices (outer, count, inner) over the array that it indexes: the offset in that array of
/// every outer and of every inner index, and the stride of the indexed axis.
struct IndexGrid {
  std::vector<std::int64_t> outer_offsets;
  std::vector<std::int64_t> inner_offsets;
  std::int64_t count;
  std::int64_t axis_stride;
};

/// to[o][i][k] = from[outer_offsets[o] + indices[o][i][k] · axis_stride + inner_offsets[k]]
template <class T>
void gather(const IndexGrid& grid, const std::int64_t* indices, const T* from, T* to);

/// to[outer_offsets[o] + indices[o][i][k] · axis_stride + inner_offsets[k]] += from[o][i][k], in the order of i.
template <class T, class Sum>
void scatter_add(const IndexGrid& grid, const std::int64_t* indices, const T* from, Sum* to);

}  // namespace tapestry::kernels
