// Splits large blocks of memory into smaller ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace tapestry {

/// Splits segments, which come from the system (and are released by `std::free`), into blocks and merges freed blocks
/// with their free neighbors, so that requests of different sizes reuse the same memory. Its behavior depends only on
/// the sequence of calls, not on addresses. Not thread-safe.
class BlockHeap {
 public:
  /// The front of the smallest free block of at least `bytes`; null if there is none. Throws std::bad_alloc.
  void* allocate(std::size_t bytes);
  /// Adds a free segment. Throws std::bad_alloc.
  void add_segment(void* segment, std::size_t bytes);
  /// Frees a block.
  void deallocate(void* block) noexcept;
  /// Returns the entirely free segments to the system; the result is the number of bytes that remain free.
  std::size_t trim() noexcept;

 private:
  struct Block {
    std::size_t bytes;
    std::uint64_t segment;  ///< its index
    bool is_free;
  };
  using Place = std::map<std::byte*, Block>::iterator;

  bool has_neighbor(Place place, Place other) const;

  std::map<std::byte*, Block> blocks_;  ///< all of them, by address
  std::uint64_t segments_ = 0;          ///< added so far
};

}  // namespace tapestry
