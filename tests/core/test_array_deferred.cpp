// Arrays that are computed when they are first read.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>

#include "core/generate.hpp"

using namespace tapestry;

namespace {

/// Three threes, which counts in `runs` how often they are written.
Array threes(int& runs) {
  return Array::deferred({3}, DType::f32, MemoryFormat::row_major, [&runs](std::byte* memory) {
    ++runs;
    std::fill_n(reinterpret_cast<float*>(memory), 3, 3.0F);
  });
}

std::int64_t live_bytes() {
  return Allocator::instance().statistics().live_bytes;
}

}  // namespace

TEST_CASE("a deferred array is computed once, when it is first read") {
  int runs = 0;
  const auto before = live_bytes();
  const Array array = threes(runs);
  const Array reshaped = array.reshape({3, 1}), tail = array.slice(1, 3);
  REQUIRE(to_string(array) == "f32[3]");
  REQUIRE(array.is_deferred());
  REQUIRE(live_bytes() == before);
  REQUIRE(runs == 0);
  REQUIRE(tail.to_vector<float>() == std::vector<float>{3, 3});
  REQUIRE_FALSE(array.is_deferred());
  REQUIRE(array.to_vector<float>() == std::vector<float>{3, 3, 3});
  REQUIRE(reshaped.to_vector<float>() == std::vector<float>{3, 3, 3});
  REQUIRE(runs == 1);
  REQUIRE(array.version() == 0);
}

TEST_CASE("a deferred array is computed once however many threads read it") {
  int runs = 0;
  const Array array = threes(runs);
  std::atomic<int> right = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] { right += array.to_vector<float>() == std::vector<float>{3, 3, 3} ? 1 : 0; });
  }
  for (std::thread& reader : readers) reader.join();
  REQUIRE(right == 4);
  REQUIRE(runs == 1);
}

TEST_CASE("a deferred array that nobody reads is not computed") {
  int runs = 0;
  threes(runs);
  REQUIRE(runs == 0);
}

TEST_CASE("a deferred array is computed before it is written to") {
  int runs = 0;
  Array array = threes(runs);
  array.mutable_data<float>()[1] = 5;
  REQUIRE(array.to_vector<float>() == std::vector<float>{3, 5, 3});
  REQUIRE(array.version() == 1);
}

TEST_CASE("a deferred array whose computation throws can be asked again") {
  int failures = 1;
  const Array array = Array::deferred({2}, DType::f64, MemoryFormat::row_major, [&failures](std::byte* memory) {
    if (failures-- > 0) throw std::runtime_error("not yet");
    std::fill_n(reinterpret_cast<double*>(memory), 2, 7.0);
  });
  REQUIRE_THROWS_WITH(array.compute(), "not yet");
  REQUIRE(array.is_deferred());
  array.compute();
  REQUIRE_FALSE(array.is_deferred());
  REQUIRE(array.to_vector<double>() == std::vector<double>{7, 7});
}

TEST_CASE("a deferred array is added to another without being computed where it says how") {
  int runs = 0;
  const auto fill = [&runs](std::byte*) { ++runs; };
  const auto add = [](std::byte* memory) {
    for (int i = 0; i < 6; ++i) reinterpret_cast<float*>(memory)[i] += 3;
  };
  const Array array = Array::deferred({2, 3}, DType::f32, MemoryFormat::row_major, fill, add);
  Array sum = Array::full({2, 3}, 1);
  REQUIRE(array.add_deferred_to(sum));
  REQUIRE(sum.to_vector<float>() == std::vector<float>(6, 4));
  REQUIRE(sum.version() == Array::full({2, 3}, 1).version() + 1);
  REQUIRE(array.is_deferred());
  REQUIRE(runs == 0);

  Array longer = Array::zeros({3, 3}), other = Array::zeros({2, 3}, DType::i64);
  REQUIRE_FALSE(array.add_deferred_to(longer));
  REQUIRE_FALSE(array.add_deferred_to(other));
  REQUIRE_FALSE(array.slice(0, 1).add_deferred_to(sum));
  array.compute();
  REQUIRE_FALSE(array.add_deferred_to(sum));
  REQUIRE_FALSE(threes(runs).add_deferred_to(longer));
  Array three = Array::zeros({3});
  REQUIRE_FALSE(threes(runs).add_deferred_to(three));
  REQUIRE(three.to_vector<float>() == std::vector<float>(3, 0));
}

TEST_CASE("a deferred array is of shapes and formats that there are") {
  const auto nothing = [](std::byte*) {};
  REQUIRE_THROWS_AS(Array::deferred({2, 3}, DType::f32, MemoryFormat::channels_last, nothing), ShapeError);
}
