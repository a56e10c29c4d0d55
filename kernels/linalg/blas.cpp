#include <algorithm>

#include <cblas.h>

#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

void block_gemm(CBLAS_TRANSPOSE a_op, CBLAS_TRANSPOSE b_op, blasint m, blasint n, blasint k, const float* a,
                blasint lda, const float* b, blasint ldb, float* c, blasint ldc) {
  cblas_sgemm(CblasRowMajor, a_op, b_op, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

void block_gemm(CBLAS_TRANSPOSE a_op, CBLAS_TRANSPOSE b_op, blasint m, blasint n, blasint k, const double* a,
                blasint lda, const double* b, blasint ldb, double* c, blasint ldc) {
  cblas_dgemm(CblasRowMajor, a_op, b_op, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

/// The largest block of a product, which is one call of OpenBLAS on one thread.
constexpr std::int64_t block_rows = 128;
constexpr std::int64_t block_columns = 128;
/// The minimum number of multiplications per piece.
constexpr std::int64_t small_product = std::int64_t{1} << 16;

}  // namespace

template <class T>
void batched_gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                  std::span<const GemmOffsets> offsets, const T* a, const T* b, T* c) {
  const auto batch = static_cast<std::int64_t>(offsets.size());
  if (k == 0) {
    std::fill(c, c + batch * m * n, T{0});
    return;
  }
  const auto a_op = transpose_a ? CblasTrans : CblasNoTrans;
  const auto b_op = transpose_b ? CblasTrans : CblasNoTrans;
  const std::int64_t lda = transpose_a ? m : k;
  const std::int64_t ldb = transpose_b ? k : n;
  const std::int64_t column_blocks = (n + block_columns - 1) / block_columns;
  const std::int64_t row_blocks = (m + block_rows - 1) / block_rows;
  const std::int64_t blocks = row_blocks * column_blocks;
  // Small products are processed in groups.
  const std::int64_t group = 1 + small_product / (std::min(m, block_rows) * std::min(n, block_columns) * k + 1);
  const std::int64_t groups = (batch * blocks + group - 1) / group;
  parallel_for(groups, [&](std::int64_t piece, int) {
    for (std::int64_t i = piece * group; i < std::min(batch * blocks, (piece + 1) * group); ++i) {
      const GemmOffsets& offset = offsets[static_cast<std::size_t>(i / blocks)];
      const std::int64_t row = i % blocks / column_blocks * block_rows;
      const std::int64_t column = i % column_blocks * block_columns;
      block_gemm(a_op, b_op, static_cast<blasint>(std::min(block_rows, m - row)),
                 static_cast<blasint>(std::min(block_columns, n - column)), static_cast<blasint>(k),
                 a + offset.a + (transpose_a ? row : row * k), static_cast<blasint>(lda),
                 b + offset.b + (transpose_b ? column * k : column), static_cast<blasint>(ldb),
                 c + (i / blocks * m + row) * n + column, static_cast<blasint>(n));
    }
  });
}

template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b,
          T* c) {
  const GemmOffsets whole{0, 0};
  batched_gemm(transpose_a, transpose_b, m, n, k, std::span(&whole, 1), a, b, c);
}

template void gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float*);
template void gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, const double*, const double*, double*);
template void batched_gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, std::span<const GemmOffsets>,
                           const float*, const float*, float*);
template void batched_gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, std::span<const GemmOffsets>,
                           const double*, const double*, double*);

}  // namespace tapestry::kernels
