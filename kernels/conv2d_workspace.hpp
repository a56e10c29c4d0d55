// Cuts the memory that a kernel is given into arrays.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tapestry::kernels {

/// Hands out arrays one after another, each beginning on a cache line. Made with null, it only measures.
class WorkspaceCutter {
 public:
  explicit WorkspaceCutter(void* memory) : memory_(static_cast<std::byte*>(memory)) {}

  template <class T>
  T* take(std::int64_t count) {
    std::byte* const begin = memory_ == nullptr ? nullptr : memory_ + size_;
    size_ += (static_cast<std::size_t>(count) * sizeof(T) + line - 1) / line * line;
    return reinterpret_cast<T*>(begin);
  }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t line = 64;
  std::byte* memory_;
  std::size_t size_ = 0;
};

/// Elements of T, at least `count`, that fill whole cache lines: the pitch of arrays of which each thread has one.
template <class T>
constexpr std::int64_t whole_lines(std::int64_t count) {
  constexpr std::int64_t line = 64 / sizeof(T);
  return (count + line - 1) / line * line;
}

}  // namespace tapestry::kernels
