// Sums over the edges of a graph.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// A sparse matrix in compressed rows (CSR): row r has the entries [begin[r], begin[r + 1]) of `column` and `edge`,
/// where `edge` is the index of the entry's value.
struct SparseRows {
  std::int64_t rows;
  std::int64_t edges;
  const std::int64_t* begin;
  const std::int64_t* column;
  const std::int64_t* edge;
};

/// out[row][h][f] = Σ value[edge][h] · x[column][h][f] over the edges of a row, in their order.
template <class T>
void sparse_sum(const SparseRows& matrix, std::int64_t heads, std::int64_t features, const T* value, const T* x,
                T* out);

/// value[edge][h] = Σ_f a[row][h][f] · b[column][h][f]
template <class T>
void sparse_dot(const SparseRows& matrix, std::int64_t heads, std::int64_t features, const T* a, const T* b, T* value);

/// out[row][f] = the largest value[edge] · x[column][f] of a row, the first if several are equal, or the first NaN, and
/// chosen[row][f] = its edge; 0 and −1 for a row without edges.
template <class T>
void sparse_max(const SparseRows& matrix, std::int64_t features, const T* value, const T* x, T* out,
                std::int64_t* chosen);

/// The gradient of `sparse_max`, given the transposed matrix: out[row][f] = Σ value[edge] · g[column][f] over the edges
/// of a row with chosen[column][f] = edge.
template <class T>
void sparse_max_gradient(const SparseRows& transposed, std::int64_t features, const T* value,
                         const std::int64_t* chosen, const T* g, T* out);

/// y[edge][h] = the softmax of x over the edges of a row.
template <class T>
void sparse_softmax(const SparseRows& matrix, std::int64_t heads, const T* x, T* y);

/// dx[edge][h] = y[edge][h] · (g[edge][h] − Σ y·g over the edges of a row).
template <class T>
void sparse_softmax_gradient(const SparseRows& matrix, std::int64_t heads, const T* y, const T* g, T* dx);

}  // namespace tapestry::kernels
