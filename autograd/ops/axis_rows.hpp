// An array seen as rows along one axis.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/parallel.hpp>

namespace tapestry::detail {

/// Calls `body(first, stride)` for every row along `axis`: the row's element i lies at memory position
/// first + i · stride. Rows are shared out over threads.
template <class Body>
void for_each_row(const Array& x, int axis, const Body& body) {
  const std::int64_t size = x.size(axis);
  if (x.numel() == 0) return;
  const std::int64_t stride = x.strides()[static_cast<std::size_t>(axis)];
  const std::int64_t rows_per_piece = 1 + (std::int64_t{1} << 12) / size;
  kernels::parallel_ranges(x.numel() / size, rows_per_piece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row / stride * stride * size + row % stride, stride);
  });
}

}  // namespace tapestry::detail
