#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tapestry/kernels/runtime/parallel.hpp>

#include "kernels/execution.hpp"

namespace test_parallel {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("parallel_for calls its body once for every piece with a thread in range") {
  for (int threads = 1; threads <= 4; ++threads) {
    const ThreadCount guard(threads);
    REQUIRE(kernels::num_threads() == threads);
    for (const std::int64_t pieces : {0, 1, 2, 3, 100}) {
      std::vector<int> calls(static_cast<std::size_t>(pieces), 0);
      std::atomic<int> strangers = 0;
      kernels::parallel_for(pieces, [&](std::int64_t piece, int thread) {
        ++calls[static_cast<std::size_t>(piece)];
        if (thread < 0 || thread >= threads) ++strangers;
      });
      REQUIRE(std::all_of(calls.begin(), calls.end(), [](int count) { return count == 1; }));
      REQUIRE(strangers == 0);
    }
  }
}

TEST_CASE("threads that have finished take over pieces of one that has not") {
  const ThreadCount guard(2);
  constexpr int pieces = 40;
  std::atomic<int> others = 0;
  bool all_others_ran = false;
  kernels::parallel_for(pieces, [&](std::int64_t piece, int) {
    if (piece != 0) {
      ++others;
      return;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (others < pieces - 1 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    all_others_ran = others == pieces - 1;
  });
  REQUIRE(all_others_ran);
}

TEST_CASE("a thread starts with the same share of consecutive pieces in every loop") {
  const ThreadCount guard(2);
  for (int loop = 0; loop < 3; ++loop) {
    std::array<std::atomic<int>, 2> first = {-1, -1};
    std::atomic<int> running = 0;
    kernels::parallel_for(10, [&](std::int64_t piece, int thread) {
      int none = -1;
      if (!first[static_cast<std::size_t>(thread)].compare_exchange_strong(none, static_cast<int>(piece))) return;
      // No thread helps before both have started.
      ++running;
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (running < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    });
    REQUIRE(first[0] == 0);
    REQUIRE(first[1] == 5);
  }
}

TEST_CASE("a single piece runs on the calling thread and its nested calls use one thread") {
  const ThreadCount guard(3);
  std::thread::id runner;
  int threads_within = 0;
  kernels::parallel_for(1, [&](std::int64_t, int) {
    runner = std::this_thread::get_id();
    threads_within = kernels::num_threads();
  });
  REQUIRE(runner == std::this_thread::get_id());
  REQUIRE(threads_within == 1);
  REQUIRE(kernels::num_threads() == 3);
}

TEST_CASE("parallel_for of a negative number of pieces does nothing") {
  bool called = false;
  kernels::parallel_for(-3, [&](std::int64_t, int) { called = true; });
  REQUIRE_FALSE(called);
}

TEST_CASE("parallel_ranges covers every element once in ranges determined by the grain alone") {
  for (int threads = 1; threads <= 3; ++threads) {
    const ThreadCount guard(threads);
    for (const std::int64_t size : {0, 1, 9, 10, 11, 20, 95}) {
      std::vector<int> covered(static_cast<std::size_t>(size), 0);
      std::atomic<int> odd_ones = 0;
      kernels::parallel_ranges(size, 10, [&](std::int64_t begin, std::int64_t end) {
        if (begin % 10 != 0 || (end != size && end != begin + 10) || end <= begin) ++odd_ones;
        for (std::int64_t i = begin; i < end; ++i) ++covered[static_cast<std::size_t>(i)];
      });
      REQUIRE(odd_ones == 0);
      REQUIRE(std::all_of(covered.begin(), covered.end(), [](int count) { return count == 1; }));
    }
  }
}

TEST_CASE("a parallel loop within a parallel loop covers everything") {
  const ThreadCount guard(2);
  std::vector<std::int64_t> sums(8, 0);
  kernels::parallel_for(8, [&](std::int64_t outer, int) {
    std::vector<std::int64_t> parts(5, 0);
    kernels::parallel_for(5, [&](std::int64_t inner, int) { parts[static_cast<std::size_t>(inner)] = outer * inner; });
    sums[static_cast<std::size_t>(outer)] = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  });
  for (std::size_t i = 0; i < sums.size(); ++i) REQUIRE(sums[i] == static_cast<std::int64_t>(i) * 10);
}

TEST_CASE("a loop throws the exception of its first piece that fails at any number of threads") {
  for (int threads = 1; threads <= 4; ++threads) {
    const ThreadCount guard(threads);
    for (const std::int64_t failing : {0, 3, 57, 99}) {
      std::vector<std::atomic<int>> calls(100);
      std::string text;
      try {
        kernels::parallel_for(100, [&](std::int64_t piece, int) {
          ++calls[static_cast<std::size_t>(piece)];
          if (piece >= failing) throw std::runtime_error("piece " + std::to_string(piece));
        });
      } catch (const std::runtime_error& error) {
        text = error.what();
      }
      REQUIRE(text == "piece " + std::to_string(failing));
      for (std::size_t i = 0; i < calls.size(); ++i) REQUIRE((calls[i] == 1 || (calls[i] == 0 && i > 0)));
      for (std::size_t i = 0; i < static_cast<std::size_t>(failing); ++i) REQUIRE(calls[i] == 1);
    }
    // The threads are as before.
    REQUIRE(kernels::num_threads() == threads);
    std::atomic<int> count = 0;
    kernels::parallel_for(100, [&](std::int64_t, int) { ++count; });
    REQUIRE(count == 100);
  }
}

TEST_CASE("an exception leaves nested loops and ranges") {
  const ThreadCount guard(3);
  const auto fail = [](std::int64_t piece) {
    kernels::parallel_for(4, [&](std::int64_t inner, int) {
      if (piece == 2 && inner == 1) throw std::bad_alloc();
    });
  };
  REQUIRE_THROWS_AS(kernels::parallel_for(8, [&](std::int64_t piece, int) { fail(piece); }), std::bad_alloc);
  REQUIRE_THROWS_AS(kernels::parallel_ranges(80, 10, [&](std::int64_t begin, std::int64_t) { fail(begin / 10); }),
                    std::bad_alloc);
  REQUIRE_THROWS_AS(kernels::parallel_each(100000, 1000, [&](std::int64_t i) { fail(i); }), std::bad_alloc);
}

TEST_CASE("the number of threads is never less than one") {
  const ThreadCount guard(1);
  kernels::set_num_threads(0);
  REQUIRE(kernels::num_threads() == 1);
}

#if defined(__SSE2__)
TEST_CASE("denormals count as zero inside parallel loops and nowhere else") {
  volatile float small = std::numeric_limits<float>::min();
  std::vector<float> halves(40, 1);
  kernels::parallel_for(40, [&](std::int64_t piece, int) { halves[static_cast<std::size_t>(piece)] = small / 2; });
  REQUIRE(halves == std::vector<float>(40, 0));
  float one_piece = 1;
  kernels::parallel_for(1, [&](std::int64_t, int) { one_piece = small / 2; });
  REQUIRE(one_piece == 0);
  float one_range = 1;
  kernels::parallel_ranges(1, 10, [&](std::int64_t, std::int64_t) { one_range = small / 2; });
  REQUIRE(one_range == 0);
  REQUIRE(small / 2 > 0);
}
#endif

}  // namespace test_parallel
