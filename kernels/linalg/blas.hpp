// Matrix products through OpenBLAS.
#pragma once

#include <cstdint>
#include <span>

namespace tapestry::kernels {

/// c = op(a) · op(b), all row-major and dense: c is m × n, op(a) m × k, op(b) k × n, where op transposes if the flag is
/// set (then `a` is stored as k × m, `b` as n × k). The bits do not depend on the number of threads.
template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b,
          T* c);

/// The offsets of the factors of one product of a batch.
struct GemmOffsets {
  std::int64_t a;
  std::int64_t b;
};

/// A batch of such products, contiguous in c.
template <class T>
void batched_gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                  std::span<const GemmOffsets> offsets, const T* a, const T* b, T* c);

}  // namespace tapestry::kernels
