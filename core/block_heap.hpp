// Blocks of memory cut out of larger ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace tapestry {

/// Cuts blocks out of segments, each a block of the system's (`std::free` takes it back), and joins what comes back
/// with its free neighbours, so that requests of any sizes, one step's large and the next one's small, are served from
/// the same memory. What it does depends on the sequence of calls alone, not on addresses. Not thread-safe.
class BlockHeap {
 public:
  /// The front of the smallest free block that holds `bytes`; null when there is none. Throws std::bad_alloc.
  void* take(std::size_t bytes);
  /// Adds a segment, which is free. Throws std::bad_alloc.
  void add_segment(void* segment, std::size_t bytes);
  /// Frees a block.
  void give_back(void* block) noexcept;
  /// Gives the segments that are wholly free back to the system, and returns the bytes that still are free.
  std::size_t trim() noexcept;

 private:
  struct Block {
    std::size_t bytes;
    std::uint64_t segment;  ///< its number
    bool is_free;
  };
  using Place = std::map<std::byte*, Block>::iterator;

  bool has_neighbour(Place place, Place other) const;

  std::map<std::byte*, Block> blocks_;  ///< all of them, by address
  std::uint64_t segments_ = 0;          ///< added so far
};

}  // namespace tapestry
