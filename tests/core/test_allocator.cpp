#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/array.hpp>

#include "core/generate.hpp"

namespace test_allocator {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

#if defined(__has_feature)
#define TAPESTRY_HAS_FEATURE(name) __has_feature(name)
#else
#define TAPESTRY_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || TAPESTRY_HAS_FEATURE(address_sanitizer) || \
    TAPESTRY_HAS_FEATURE(thread_sanitizer)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

Allocator& allocator() {
  return Allocator::instance();
}

/// Holds a block for its lifetime.
class Block {
 public:
  explicit Block(std::size_t bytes) : bytes_(bytes), memory_(allocator().allocate(bytes)) {}
  ~Block() {
    if (memory_ != nullptr) allocator().deallocate(memory_, bytes_);
  }
  Block(Block&& other) noexcept : bytes_(other.bytes_), memory_(std::exchange(other.memory_, nullptr)) {}
  Block& operator=(Block&&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(memory_); }
  std::size_t bytes() const { return bytes_; }
  bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(memory_) % 64 == 0; }

 private:
  std::size_t bytes_;
  void* memory_;
};

}  // namespace

TEST_CASE("blocks of every size are aligned to 64 bytes and do not overlap") {
  std::vector<Block> blocks;
  const std::vector<std::size_t> sizes = {0, 1, 63, 64, 65, 511, 512, 513, 4096, 100'000, 3'000'000, 5'000'001};
  for (const std::size_t bytes : sizes) {
    blocks.emplace_back(bytes);
    blocks.emplace_back(bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    REQUIRE(blocks[i].is_aligned());
    std::memset(blocks[i].data(), static_cast<int>(i), blocks[i].bytes());
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::byte* first = blocks[i].data();
    REQUIRE(std::all_of(first, first + blocks[i].bytes(), [i](std::byte one) { return one == std::byte(i); }));
  }
}

TEST_CASE("a freed block is reused for the next request of similar size") {
  allocator().trim();
  std::byte* first = nullptr;
  { first = Block(1'000'000).data(); }
  const auto before = allocator().statistics();
  const Block again(990'000);
  REQUIRE(again.data() == first);
  const auto after = allocator().statistics();
  REQUIRE(after.system_allocations == before.system_allocations);
  REQUIRE(after.allocations == before.allocations + 1);
  REQUIRE(after.cached_bytes < before.cached_bytes);
}

TEST_CASE("a block is at most an eighth or 63 bytes larger than requested") {
  Generator random(1);
  std::vector<std::size_t> sizes = {1, 64, 65, 512, 513, 2 * mebibyte - 1, 2 * mebibyte, 2 * mebibyte + 1, 33'554'433};
  for (int i = 0; i < 200; ++i) {
    sizes.push_back(static_cast<std::size_t>(random.between(1, std::int64_t{1} << random.between(1, 25))));
  }
  for (const std::size_t bytes : sizes) {
    const auto before = allocator().statistics().live_bytes;
    const Block block(bytes);
    const auto taken = allocator().statistics().live_bytes - before;
    INFO(bytes << " bytes took " << taken);
    const auto asked = static_cast<std::int64_t>(bytes);
    REQUIRE(taken >= asked);
    REQUIRE(taken <= std::max(asked + asked / 8, asked + 63));
  }
}

TEST_CASE("statistics track live and cached bytes and the peak") {
  allocator().trim();
  allocator().reset_peak();
  const auto start = allocator().statistics();
  REQUIRE(start.cached_bytes == 0);
  REQUIRE(start.peak_live_bytes == start.live_bytes);
  {
    const Block one(64 * 1024);
    const Block two(128 * 1024);
    const auto now = allocator().statistics();
    REQUIRE(now.live_bytes == start.live_bytes + 192 * 1024);
    REQUIRE(now.cached_bytes == 0);
    REQUIRE(now.allocations == start.allocations + 2);
    REQUIRE(now.system_allocations == start.system_allocations + 2);
  }
  const auto freed = allocator().statistics();
  REQUIRE(freed.live_bytes == start.live_bytes);
  REQUIRE(freed.cached_bytes == 192 * 1024);
  REQUIRE(freed.peak_live_bytes == start.live_bytes + 192 * 1024);
  allocator().trim();
  REQUIRE(allocator().statistics().cached_bytes == 0);
  allocator().reset_peak();
  REQUIRE(allocator().statistics().peak_live_bytes == start.live_bytes);
}

TEST_CASE("arrays are counted and their memory is freed") {
  const auto start = allocator().statistics().live_bytes;
  {
    const Array array = Array::zeros({1024, 1024});
    const Array view = array.slice(3, 5).reshape({-1});
    REQUIRE(allocator().statistics().live_bytes == start + 4 * static_cast<std::int64_t>(mebibyte));
  }
  REQUIRE(allocator().statistics().live_bytes == start);
}

TEST_CASE("repeated steps make no system allocations after the first") {
  const auto step = [] {
    std::vector<Array> kept;
    for (std::int64_t i = 1; i <= 20; ++i) {
      kept.push_back(Array::empty({i * 997, 13}));
      const Array passing = Array::empty({i * 31, 17}, DType::f64);
    }
  };
  step();
  const auto before = allocator().statistics();
  for (int i = 0; i < 50; ++i) step();
  const auto after = allocator().statistics();
  REQUIRE(after.system_allocations == before.system_allocations);
  REQUIRE(after.allocations == before.allocations + 50 * 40);
  REQUIRE(after.live_bytes == before.live_bytes);
  REQUIRE(after.cached_bytes == before.cached_bytes);
}

// Below 64 MiB in use, cached blocks are not returned, hence at most 128 MiB.
TEST_CASE("requests of ever-changing sizes never hold more than twice the peak in use") {
  allocator().trim();
  allocator().reset_peak();
  std::int64_t held = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    { const Block block(4 * mebibyte + i * mebibyte / 2); }
    const auto now = allocator().statistics();
    held = std::max(held, now.live_bytes + now.cached_bytes);
    REQUIRE(now.live_bytes + now.cached_bytes <=
            2 * std::max(now.peak_live_bytes, 64 * static_cast<std::int64_t>(mebibyte)));
  }
  // Without the bound, about 600 MiB would have been kept; below it, nothing is returned.
  REQUIRE(held > 64 * static_cast<std::int64_t>(mebibyte));
  allocator().trim();
}

TEST_CASE("a request larger than memory throws and changes nothing") {
  const auto before = allocator().statistics();
  std::vector<std::size_t> sizes = {SIZE_MAX, SIZE_MAX / 2 + 1};
  // Under a sanitizer a failed allocation aborts the program.
  if (!is_sanitized) sizes.insert(sizes.end(), {SIZE_MAX / 2, SIZE_MAX / 4});
  for (const std::size_t bytes : sizes) {
    REQUIRE_THROWS_AS(allocator().allocate(bytes), std::bad_alloc);
  }
  const auto after = allocator().statistics();
  REQUIRE(after.live_bytes == before.live_bytes);
  REQUIRE(after.allocations == before.allocations);
  REQUIRE(after.peak_live_bytes == before.peak_live_bytes);
}

TEST_CASE("threads get separate blocks") {
  const auto before = allocator().statistics();
  constexpr int threads = 4;
  constexpr int rounds = 2000;
  std::vector<int> faults(threads, 0);
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([thread, &faults] {
      Generator random(static_cast<std::uint64_t>(thread));
      std::vector<Block> mine;
      for (int round = 0; round < rounds; ++round) {
        if (mine.size() < 8) {
          mine.emplace_back(static_cast<std::size_t>(random.between(1, 3000)));
          std::memset(mine.back().data(), thread + 1, mine.back().bytes());
        } else {
          for (const Block& block : mine) {
            const bool intact = std::all_of(block.data(), block.data() + block.bytes(),
                                            [thread](std::byte one) { return one == std::byte(thread + 1); });
            faults[static_cast<std::size_t>(thread)] += intact ? 0 : 1;
          }
          mine.clear();
        }
        if (round % 500 == 0) allocator().trim();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  REQUIRE(faults == std::vector<int>(threads, 0));
  REQUIRE(allocator().statistics().live_bytes == before.live_bytes);
}

TEST_CASE("a block may be freed by another thread than the one that allocated it") {
  const auto before = allocator().statistics().live_bytes;
  Array array = Array::full({1000}, 3);
  std::thread([moved = std::move(array)]() mutable { moved = Array(); }).join();
  REQUIRE(allocator().statistics().live_bytes == before);
}

}  // namespace test_allocator
