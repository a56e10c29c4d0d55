#include <cstdlib>
#include <iterator>
#include <tuple>

#include <tapestry/core/block_heap.hpp>

namespace tapestry {

void* BlockHeap::allocate(std::size_t bytes) {
  auto best = blocks_.end();
  for (auto place = blocks_.begin(); place != blocks_.end(); ++place) {
    const Block& block = place->second;
    if (!block.is_free || block.bytes < bytes) continue;
    // Among blocks of equal size, the one in the oldest segment, and within a segment the first.
    const auto order = [](const Block& one) { return std::tuple(one.bytes, one.segment); };
    if (best == blocks_.end() || order(block) < order(best->second)) best = place;
  }
  if (best == blocks_.end()) return nullptr;
  Block& block = best->second;
  if (block.bytes > bytes) {
    blocks_.emplace_hint(std::next(best), best->first + bytes, Block{block.bytes - bytes, block.segment, true});
    block.bytes = bytes;
  }
  block.is_free = false;
  return best->first;
}

void BlockHeap::add_segment(void* segment, std::size_t bytes) {
  blocks_.emplace(static_cast<std::byte*>(segment), Block{bytes, segments_, true});
  ++segments_;
}

void BlockHeap::deallocate(void* block) noexcept {
  auto place = blocks_.find(static_cast<std::byte*>(block));
  place->second.is_free = true;
  const auto join = [&](Place first, Place second) {
    first->second.bytes += second->second.bytes;
    blocks_.erase(second);
  };
  if (const auto next = std::next(place); has_neighbor(place, next) && next->second.is_free) join(place, next);
  if (place == blocks_.begin()) return;
  if (const auto previous = std::prev(place); has_neighbor(place, previous) && previous->second.is_free) {
    join(previous, place);
  }
}

std::size_t BlockHeap::trim() noexcept {
  std::size_t free_bytes = 0;
  for (auto place = blocks_.begin(); place != blocks_.end();) {
    const auto next = std::next(place);
    const bool is_whole =
        !has_neighbor(place, next) && (place == blocks_.begin() || !has_neighbor(place, std::prev(place)));
    if (place->second.is_free && is_whole) {
      std::free(place->first);
      blocks_.erase(place);
    } else if (place->second.is_free) {
      free_bytes += place->second.bytes;
    }
    place = next;
  }
  return free_bytes;
}

bool BlockHeap::has_neighbor(Place place, Place other) const {
  return other != blocks_.end() && other->second.segment == place->second.segment;
}

}  // namespace tapestry
