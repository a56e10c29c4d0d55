// Denormal floats: whether arithmetic keeps them or treats them as zero.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tapestry::kernels {

/// `flush`: denormal operands and results become zero, because arithmetic on them is slow. `keep`: as in IEEE 754.
enum class Denormals { flush, keep };

/// Sets the treatment of denormal floats on this thread for its lifetime. No effect without SSE2.
class DenormalsGuard {
 public:
#if defined(__SSE2__)
  [[nodiscard]] explicit DenormalsGuard(Denormals mode) : saved_(_mm_getcsr()) {
    constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
    constexpr unsigned bits = flush_to_zero | denormals_are_zero;
    _mm_setcsr(mode == Denormals::flush ? saved_ | bits : saved_ & ~bits);
  }
  ~DenormalsGuard() {
    _mm_setcsr(saved_);
  }
#else
  [[nodiscard]] explicit DenormalsGuard(Denormals) {}
#endif
  DenormalsGuard(const DenormalsGuard&) = delete;
  DenormalsGuard& operator=(const DenormalsGuard&) = delete;

#if defined(__SSE2__)
 private:
  unsigned saved_;
#endif
};

}  // namespace tapestry::kernels
