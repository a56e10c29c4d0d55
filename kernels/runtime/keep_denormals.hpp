// Denormal floats inside parallel regions, where they count as zero unless told otherwise.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tapestry::kernels {

/// Computes with denormal floats on this thread for its lifetime, as IEEE 754 has it. For conversions, which must not
/// lose them; arithmetic on them is slow.
class KeepDenormals {
 public:
#if defined(__SSE2__)
  [[nodiscard]] KeepDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ & ~(flush_to_zero | denormals_are_zero));
  }
  ~KeepDenormals() {
    _mm_setcsr(saved_);
  }
#else
  [[nodiscard]] KeepDenormals() = default;
#endif
  KeepDenormals(const KeepDenormals&) = delete;
  KeepDenormals& operator=(const KeepDenormals&) = delete;

#if defined(__SSE2__)
 private:
  static constexpr unsigned flush_to_zero = 0x8000;
  static constexpr unsigned denormals_are_zero = 0x0040;
  unsigned saved_;
#endif
};

}  // namespace tapestry::kernels
