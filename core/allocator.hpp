// Memory for arrays: blocks are kept when they are freed and handed out again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tapestry {

/// What the allocator holds, in bytes and calls; one consistent reading.
struct AllocatorStatistics {
  std::int64_t live_bytes = 0;          ///< handed out now
  std::int64_t peak_live_bytes = 0;     ///< the most ever handed out at once
  std::int64_t cached_bytes = 0;        ///< freed and kept for the next request
  std::int64_t allocations = 0;         ///< requests served so far
  std::int64_t system_allocations = 0;  ///< those among them that had to ask the system
};

/// Hands out 64-byte aligned blocks and keeps freed ones. Sizes are rounded up to a class (at most 1/8 or 63 bytes more
/// than asked for), so that a block fits the next request of about its size; a block of 1 MiB and more serves smaller
/// requests too, in parts that are joined again. Blocks of 2 MiB and more ask for huge pages: a fresh page costs more
/// than the arithmetic on it. The system is asked for segments of a quarter of what is in use, up to 128 MiB, but never
/// for more than twice the peak in use before cached blocks that fit nothing have gone back. Thread-safe.
class Allocator {
 public:
  /// The one that arrays use; it lives as long as the process.
  static Allocator& instance();

  /// A block of at least `bytes` bytes with undefined contents. Throws std::bad_alloc.
  void* allocate(std::size_t bytes);
  /// Takes back a block of `allocate(bytes)`.
  void deallocate(void* block, std::size_t bytes) noexcept;
  /// Gives all cached blocks back to the system, but for those that others in use were cut from.
  void trim() noexcept;
  AllocatorStatistics statistics() const;
  /// Starts `peak_live_bytes` again from what is live now.
  void reset_peak() noexcept;

  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

 private:
  Allocator();
  ~Allocator();
  struct State;
  State* state_;
};

}  // namespace tapestry
