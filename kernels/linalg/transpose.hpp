// Transposes batches of matrices.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// out[b][column][row] = in[b][row][column] for `batch` matrices of `rows` × `columns`.
template <class T>
void transpose(std::int64_t batch, std::int64_t rows, std::int64_t columns, const T* in, T* out) {
  // Tiles whose rows and columns both fit into the L1 cache.
  constexpr std::int64_t tile = 32;
  const std::int64_t strips = (rows + tile - 1) / tile;
  parallel_for(batch * strips, [&](std::int64_t piece, int) {
    const T* from = in + piece / strips * rows * columns;
    T* to = out + piece / strips * rows * columns;
    const std::int64_t row_begin = piece % strips * tile;
    const std::int64_t row_end = std::min(rows, row_begin + tile);
    for (std::int64_t column_begin = 0; column_begin < columns; column_begin += tile) {
      const std::int64_t column_end = std::min(columns, column_begin + tile);
      for (std::int64_t column = column_begin; column < column_end; ++column) {
        for (std::int64_t row = row_begin; row < row_end; ++row) to[column * rows + row] = from[row * columns + column];
      }
    }
  });
}

}  // namespace tapestry::kernels
