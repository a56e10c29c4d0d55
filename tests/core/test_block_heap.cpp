#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/block_heap.hpp>

#include "core/generate.hpp"

namespace test_block_heap {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::size_t page = 4096;

/// A segment of that many pages, owned by the heap.
std::byte* add_segment(BlockHeap& heap, std::size_t pages) {
  auto* segment = static_cast<std::byte*>(std::malloc(pages * page));
  REQUIRE(segment != nullptr);
  heap.add_segment(segment, pages * page);
  return segment;
}

}  // namespace

TEST_CASE("a heap splits a larger block for smaller requests and merges the parts again") {
  BlockHeap heap;
  REQUIRE(heap.allocate(page) == nullptr);
  std::byte* const segment = add_segment(heap, 10);
  void* const first = heap.allocate(3 * page);
  void* const second = heap.allocate(3 * page);
  void* const third = heap.allocate(4 * page);
  REQUIRE(first == segment);
  REQUIRE(second == segment + 3 * page);
  REQUIRE(third == segment + 6 * page);
  REQUIRE(heap.allocate(1) == nullptr);
  // In every order: merging with the block before, the block after, and both.
  heap.deallocate(first);
  heap.deallocate(third);
  REQUIRE(heap.allocate(5 * page) == nullptr);
  heap.deallocate(second);
  REQUIRE(heap.allocate(10 * page) == segment);
  heap.deallocate(segment);
  REQUIRE(heap.trim() == 0);
}

TEST_CASE("a heap chooses the smallest block that fits and the oldest among equals") {
  BlockHeap heap;
  std::byte* const large = add_segment(heap, 8);
  std::byte* const small = add_segment(heap, 4);
  std::byte* const later = add_segment(heap, 4);

  REQUIRE(heap.allocate(4 * page) == small);
  REQUIRE(heap.allocate(3 * page) == later);
  REQUIRE(heap.allocate(2 * page) == large);
  REQUIRE(heap.allocate(6 * page) == large + 2 * page);
  for (std::byte* block : {small, later, large, large + 2 * page}) heap.deallocate(block);
  REQUIRE(heap.trim() == 0);
}

TEST_CASE("a heap returns entirely free segments") {
  BlockHeap heap;
  std::byte* const used = add_segment(heap, 4);
  add_segment(heap, 5);
  REQUIRE(heap.allocate(page) == used);
  REQUIRE(heap.trim() == 3 * page);
  REQUIRE(heap.allocate(4 * page) == nullptr);
  heap.deallocate(used);
  REQUIRE(heap.trim() == 0);
  REQUIRE(heap.allocate(1) == nullptr);
}

TEST_CASE("blocks of a heap do not overlap for any order of requests") {
  struct Block {
    std::byte* memory;
    std::size_t bytes;
    int mark;
  };
  BlockHeap heap;
  Generator random(1);
  std::vector<Block> live;
  std::int64_t held = 0;  // pages of all segments
  for (int call = 0; call < 4000; ++call) {
    if (random.one_in(2) && !live.empty()) {
      const auto chosen = live.begin() + random.between(0, static_cast<std::int64_t>(live.size()) - 1);
      const bool intact = std::all_of(chosen->memory, chosen->memory + chosen->bytes,
                                      [&](std::byte one) { return one == static_cast<std::byte>(chosen->mark); });
      REQUIRE(intact);
      heap.deallocate(chosen->memory);
      live.erase(chosen);
    } else if (live.size() < 30) {
      const auto pages = static_cast<std::size_t>(random.between(1, 9));
      void* memory = heap.allocate(pages * page);
      if (memory == nullptr) {
        add_segment(heap, pages);
        memory = heap.allocate(pages * page);
        held += static_cast<std::int64_t>(pages);
      }
      live.push_back({static_cast<std::byte*>(memory), pages * page, call % 251});
      std::memset(memory, live.back().mark, live.back().bytes);
    }
  }
  // 30 blocks of up to 9 pages and the gaps between them.
  REQUIRE(held < 2 * 30 * 9);
  for (const Block& block : live) heap.deallocate(block.memory);
  REQUIRE(heap.trim() == 0);
}

TEST_CASE("segments have space for up to a quarter of the bytes in use") {
  Allocator& allocator = Allocator::instance();
  allocator.trim();
  allocator.reset_peak();
  const std::int64_t mebibyte = std::int64_t{1} << 20;
  const Array in_use = Array::empty({40 * mebibyte}, DType::u8);
  const auto before = allocator.statistics();
  REQUIRE(before.live_bytes < 48 * mebibyte);
  {
    // A segment of 10 MiB holds all three.
    const Array first = Array::empty({3 * mebibyte}, DType::u8);
    REQUIRE(allocator.statistics().cached_bytes == 7 * mebibyte);
    const Array second = Array::empty({3 * mebibyte}, DType::u8);
    const Array third = Array::empty({4 * mebibyte}, DType::u8);
    REQUIRE(allocator.statistics().cached_bytes == 0);
  }
  const Array joined = Array::empty({10 * mebibyte}, DType::u8);
  REQUIRE(allocator.statistics().system_allocations == before.system_allocations + 1);
  allocator.trim();
}

TEST_CASE("the allocator serves the small arrays of a step from the memory of its large ones") {
  Allocator& allocator = Allocator::instance();
  allocator.trim();
  const std::int64_t mebibyte = std::int64_t{1} << 20;
  { const Array large = Array::empty({16 * mebibyte}, DType::u8); }
  const auto before = allocator.statistics();
  {
    const Array first = Array::empty({6 * mebibyte}, DType::u8);
    const Array second = Array::empty({10 * mebibyte}, DType::u8);
    REQUIRE(allocator.statistics().cached_bytes == before.cached_bytes - 16 * mebibyte);
  }
  { const Array again = Array::empty({16 * mebibyte}, DType::u8); }
  REQUIRE(allocator.statistics().system_allocations == before.system_allocations);
  REQUIRE(allocator.statistics().cached_bytes == before.cached_bytes);
  allocator.trim();
}

}  // namespace test_block_heap
