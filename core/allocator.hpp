// The memory allocator of arrays, which caches freed blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

namespace tapestry {

/// Allocator statistics: a consistent snapshot.
struct AllocatorStatistics {
  std::int64_t live_bytes = 0;          ///< currently allocated
  std::int64_t peak_live_bytes = 0;     ///< the maximum of live_bytes
  std::int64_t cached_bytes = 0;        ///< freed and cached for reuse
  std::int64_t allocations = 0;         ///< requests served so far
  std::int64_t system_allocations = 0;  ///< requests that needed memory from the system
};

/// Allocates 64-byte aligned blocks and caches freed ones. Sizes are rounded up to a size class (by at most 1/8 or 63
/// bytes), so that a block can be reused for requests of similar size; blocks of 1 MiB and more are also split for
/// smaller requests and merged again. Blocks of 2 MiB and more use huge pages, because a fresh page costs more than the
/// arithmetic on it. Memory comes from the system in segments of a quarter of the bytes in use, up to 128 MiB; before
/// the total exceeds twice the peak in use, unused cached blocks are returned. Thread-safe.
class Allocator {
 public:
  /// The allocator of arrays; it lives as long as the process.
  static Allocator& instance();

  /// A block of at least `bytes` bytes with undefined contents. Throws an OutOfMemoryError with the number of bytes
  /// requested, in use and cached.
  void* allocate(std::size_t bytes);
  /// Frees a block returned by `allocate(bytes)`.
  void deallocate(void* block, std::size_t bytes) noexcept;
  /// Returns all cached blocks to the system, except those that are parts of segments in use.
  void trim() noexcept;
  AllocatorStatistics statistics() const;
  /// Resets `peak_live_bytes` to the current `live_bytes`.
  void reset_peak() noexcept;

  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

 private:
  Allocator();
  ~Allocator();
  struct State;
  State* state_;
};

namespace detail {

/// Throws `error` as an OutOfMemoryError whose message begins with `operation`.
[[noreturn]] void throw_out_of_memory(std::string_view operation, const std::bad_alloc& error);

/// The result of `compute()`; if it runs out of memory, the error names `operation`.
template <class Compute>
auto naming_out_of_memory(std::string_view operation, const Compute& compute) {
  try {
    return compute();
  } catch (const std::bad_alloc& error) {
    throw_out_of_memory(operation, error);
  }
}

}  // namespace detail

}  // namespace tapestry
