#include <algorithm>
#include <array>
#include <atomic>
#include <new>

#include <cblas.h>
#include <sys/mman.h>

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
/// Sums of more terms are divided, and their parts added in double precision.
constexpr std::int64_t block_depth = 2048;

std::atomic<int> running_calls = 0;
std::atomic<int> known_buffers = 0;

/// The scope of a call of OpenBLAS. Every concurrent call needs a buffer, which OpenBLAS keeps; if the system has no
/// memory for one, it would try again for ever. Throws std::bad_alloc instead.
class BlasCall {
 public:
  BlasCall() {
    constexpr std::size_t buffer_bytes = std::size_t{128} << 20;
    const int missing = ++running_calls - known_buffers;
    if (missing <= 0 || can_map(static_cast<std::size_t>(missing) * buffer_bytes)) return;
    --running_calls;
    throw std::bad_alloc();
  }
  ~BlasCall() {
    const int calls = running_calls--;
    int known = known_buffers;
    while (known < calls && !known_buffers.compare_exchange_weak(known, calls)) {
    }
  }
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;

 private:
  static bool can_map(std::size_t bytes) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    munmap(memory, bytes);
    return true;
  }
};

/// The product of up to `block_rows` rows and `block_columns` columns.
template <class T>
struct BlockProduct {
  CBLAS_TRANSPOSE a_op, b_op;
  std::int64_t rows, columns, depth;
  const T* a;
  std::int64_t lda;
  const T* b;
  std::int64_t ldb;
  T* c;
  std::int64_t ldc;

  void compute() const {
    if (depth <= 2 * block_depth) return multiply(0, depth, c, ldc);
    std::array<T, block_rows * block_columns> part;
    std::array<double, block_rows * block_columns> sums{};
    for (std::int64_t first = 0; first < depth; first += block_depth) {
      multiply(first, std::min(block_depth, depth - first), part.data(), columns);
      for (std::int64_t i = 0; i < rows * columns; ++i)
        sums[static_cast<std::size_t>(i)] += static_cast<double>(part[static_cast<std::size_t>(i)]);
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      const double* const from = sums.data() + row * columns;
      std::transform(from, from + columns, c + row * ldc, [](double sum) { return static_cast<T>(sum); });
    }
  }

 private:
  void multiply(std::int64_t first, std::int64_t count, T* to, std::int64_t to_row) const {
    block_gemm(a_op, b_op, static_cast<blasint>(rows), static_cast<blasint>(columns), static_cast<blasint>(count),
               a + (a_op == CblasTrans ? first * lda : first), static_cast<blasint>(lda),
               b + (b_op == CblasTrans ? first : first * ldb), static_cast<blasint>(ldb), to,
               static_cast<blasint>(to_row));
  }
};

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
    const BlasCall call;
    for (std::int64_t i = piece * group; i < std::min(batch * blocks, (piece + 1) * group); ++i) {
      const GemmOffsets& offset = offsets[static_cast<std::size_t>(i / blocks)];
      const std::int64_t row = i % blocks / column_blocks * block_rows;
      const std::int64_t column = i % column_blocks * block_columns;
      const BlockProduct<T> product = {.a_op = a_op,
                                       .b_op = b_op,
                                       .rows = std::min(block_rows, m - row),
                                       .columns = std::min(block_columns, n - column),
                                       .depth = k,
                                       .a = a + offset.a + (transpose_a ? row : row * k),
                                       .lda = lda,
                                       .b = b + offset.b + (transpose_b ? column * k : column),
                                       .ldb = ldb,
                                       .c = c + (i / blocks * m + row) * n + column,
                                       .ldc = n};
      product.compute();
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
