// Matrix products through OpenBLAS.
#pragma once

#include <cstdint>
#include <span>

namespace tapestry::kernels {

/// c = op(a) · op(b), all row-major and dense: c is m × n, op(a) m × k, op(b) k × n, where op transposes if the flag
/// says so (then `a` lies in memory as k × m, `b` as n × k). The bits do not depend on the number of threads.
template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b,
          T* c);

/// Where the factors of one product of a batch begin.
struct GemmOffsets {
  std::int64_t a;
  std::int64_t b;
};

/// A batch of such products, one after the other in c.
template <class T>
void batched_gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                  std::span<const GemmOffsets> offsets, const T* a, const T* b, T* c);

}  // namespace tapestry::kernels
