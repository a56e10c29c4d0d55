// Cuts the memory that a kernel is given into arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace tapestry::kernels {

/// a · b, or the greatest number where that is more. Neither is negative.
constexpr std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

/// Likewise a + b.
constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

/// Hands out arrays one after another, each beginning on a cache line. Made with null, it only measures; sizes that
/// overflow stay at the greatest number of int64.
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

/// Elements of T, at least `count`, that fill whole cache lines: the pitch of arrays of which each thread has one.
template <class T>
constexpr std::int64_t whole_lines(std::int64_t count) {
  constexpr std::int64_t line = 64 / sizeof(T);
  return saturating_sum(count, (line - count % line) % line);
}

}  // namespace tapestry::kernels
