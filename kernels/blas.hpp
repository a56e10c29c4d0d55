// Matrix products through OpenBLAS.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// c = op(a) · op(b), all row-major and dense: c is m × n, op(a) m × k, op(b) k × n, where op transposes if the flag
/// says so (then `a` lies in memory as k × m, `b` as n × k). The bits do not depend on the number of threads.
template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b,
          T* c);

}  // namespace tapestry::kernels
