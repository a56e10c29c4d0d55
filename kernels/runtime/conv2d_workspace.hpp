// Divides the workspace of a kernel into arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace tapestry::kernels {

/// a · b, or the maximum of int64 if that overflows. Neither may be negative.
constexpr std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

/// a + b, or the maximum of int64 if that overflows. Neither may be negative.
constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

/// Returns consecutive arrays, each starting on a cache line. Constructed with null, it only measures the size, which
/// saturates at the maximum of int64.
class WorkspaceCutter {
 public:
  explicit WorkspaceCutter(void* memory) : memory_(static_cast<std::byte*>(memory)) {}

  template <class T>
  T* take(std::int64_t count) {
    std::byte* const begin = memory_ == nullptr ? nullptr : memory_ + size_;
    const std::int64_t bytes = saturating_product(count, sizeof(T));
    size_ = saturating_sum(size_, saturating_sum(bytes, (line - bytes % line) % line));
    return reinterpret_cast<T*>(begin);
  }
  std::size_t size() const { return static_cast<std::size_t>(size_); }

 private:
  static constexpr std::int64_t line = 64;
  std::byte* memory_;
  std::int64_t size_ = 0;
};

/// `count` elements of T rounded up to whole cache lines: the pitch of arrays that exist once per thread.
template <class T>
constexpr std::int64_t whole_lines(std::int64_t count) {
  constexpr std::int64_t line = 64 / sizeof(T);
  return saturating_sum(count, (line - count % line) % line);
}

}  // namespace tapestry::kernels
