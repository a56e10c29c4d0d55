#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/block_heap.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;
/// Below this number of bytes in use, cached blocks are never returned as waste.
constexpr std::int64_t minimum_peak = std::int64_t{64} << 20;

/// Blocks of at least this size are split and merged; smaller ones keep their size.
constexpr std::size_t large = std::size_t{1} << 20;
constexpr std::size_t large_step = std::size_t{1} << 16;
/// The maximum that is allocated from the system beyond a request.
constexpr std::int64_t largest_segment = std::int64_t{128} << 20;

/// Eight size classes per power of two, and steps of 64 KiB for large blocks.
std::size_t size_class(std::size_t bytes) {
  if (bytes >= large) return (bytes + large_step - 1) / large_step * large_step;
  if (bytes <= 8 * alignment) return std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
  const std::size_t step = std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

void* system_allocate(std::size_t bytes) {
  const bool huge = bytes >= huge_page;
  void* block = nullptr;
  if (posix_memalign(&block, huge ? huge_page : alignment, bytes) != 0) return nullptr;
  // Only advice: the block works without huge pages as well.
  if (huge) (void)madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

[[noreturn]] void throw_no_memory_for(std::size_t bytes, const AllocatorStatistics& statistics) {
  throw OutOfMemoryError(fmt::format("out of memory: requested {} bytes; arrays use {} bytes, and {} are cached", bytes,
                                     statistics.live_bytes, statistics.cached_bytes));
}

}  // namespace

struct Allocator::State {
  mutable std::mutex mutex;
  // The free blocks of each size class of small blocks, as a linked list inside the blocks themselves:
  // freeing a block needs no memory and cannot fail.
  struct FreeBlock {
    FreeBlock* next;
  };
  std::map<std::size_t, FreeBlock*> cache;
  BlockHeap heap;
  AllocatorStatistics statistics;

  /// A cached block; null when there is none.
  void* take(std::size_t bytes) {
    if (bytes >= large) return heap.allocate(bytes);
    FreeBlock*& head = cache[bytes];
    return head == nullptr ? nullptr : std::exchange(head, head->next);
  }

  /// The number of bytes to allocate from the system for a block of `bytes` bytes. Segments of a quarter of the bytes
  /// in use hold the arrays of many layers, which make space for large ones when they are freed.
  std::size_t segment_size(std::size_t bytes) const {
    const auto size = static_cast<std::size_t>(std::min(statistics.live_bytes / 4, largest_segment));
    return bytes >= large ? std::max(bytes, size / huge_page * huge_page) : bytes;
  }

  /// A block from newly allocated memory, the rest of which is cached; null when the system has none.
  void* take_from_system(std::size_t bytes, std::size_t segment) {
    void* const memory = system_allocate(segment);
    if (memory == nullptr || bytes < large) return memory;
    try {
      heap.add_segment(memory, segment);
    } catch (...) {
      std::free(memory);
      throw;
    }
    statistics.cached_bytes += static_cast<std::int64_t>(segment);
    void* const block = heap.allocate(bytes);
    statistics.cached_bytes -= static_cast<std::int64_t>(bytes);
    return block;
  }

  void cache_block(void* block, std::size_t bytes) noexcept {
    if (bytes >= large) return heap.deallocate(block);
    FreeBlock*& head = cache.find(bytes)->second;
    head = new (block) FreeBlock{head};
  }

  void trim() {
    for (auto& [bytes, head] : cache) {
      while (head != nullptr) std::free(std::exchange(head, head->next));
    }
    statistics.cached_bytes = static_cast<std::int64_t>(heap.trim());
  }
};

// Never destroyed: arrays with static storage may outlive any order of destruction.
Allocator& Allocator::instance() {
  static auto* allocator = new Allocator;
  return *allocator;
}

Allocator::Allocator() : state_(new State) {}
Allocator::~Allocator() {
  delete state_;
}

void* Allocator::allocate(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(PTRDIFF_MAX)) throw_no_memory_for(bytes, statistics());
  const std::size_t rounded = size_class(bytes);
  const auto counted = static_cast<std::int64_t>(rounded);
  const std::lock_guard lock(state_->mutex);
  AllocatorStatistics& statistics = state_->statistics;
  void* block = state_->take(rounded);
  if (block != nullptr) {
    statistics.cached_bytes -= counted;
  } else {
    const std::size_t segment = state_->segment_size(rounded);
    const bool wasteful = statistics.live_bytes + statistics.cached_bytes + static_cast<std::int64_t>(segment) >
                          2 * std::max(statistics.peak_live_bytes, minimum_peak);
    if (wasteful) state_->trim();
    block = state_->take_from_system(rounded, wasteful ? rounded : segment);
    if (block == nullptr) {
      state_->trim();
      block = state_->take_from_system(rounded, rounded);
    }
    if (block == nullptr) throw_no_memory_for(bytes, statistics);
    ++statistics.system_allocations;
  }
  ++statistics.allocations;
  statistics.live_bytes += counted;
  statistics.peak_live_bytes = std::max(statistics.peak_live_bytes, statistics.live_bytes);
  return block;
}

void Allocator::deallocate(void* block, std::size_t bytes) noexcept {
  const std::size_t rounded = size_class(bytes);
  const auto counted = static_cast<std::int64_t>(rounded);
  const std::lock_guard lock(state_->mutex);
  state_->cache_block(block, rounded);
  state_->statistics.live_bytes -= counted;
  state_->statistics.cached_bytes += counted;
}

void Allocator::trim() noexcept {
  const std::lock_guard lock(state_->mutex);
  state_->trim();
}

AllocatorStatistics Allocator::statistics() const {
  const std::lock_guard lock(state_->mutex);
  return state_->statistics;
}

void Allocator::reset_peak() noexcept {
  const std::lock_guard lock(state_->mutex);
  state_->statistics.peak_live_bytes = state_->statistics.live_bytes;
}

void detail::throw_out_of_memory(std::string_view operation, const std::bad_alloc& error) {
  if (dynamic_cast<const OutOfMemoryError*>(&error) != nullptr)
    throw OutOfMemoryError(fmt::format("{}: {}", operation, error.what()));
  const AllocatorStatistics statistics = Allocator::instance().statistics();
  throw OutOfMemoryError(fmt::format("{}: out of memory; arrays use {} bytes, and {} are cached", operation,
                                     statistics.live_bytes, statistics.cached_bytes));
}

}  // namespace tapestry
