#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "machine.cpp"

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "machine.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapestry::benchmarks {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// More independent chains than multiply-adds in flight, and few enough for 16 registers.
constexpr int chains = 12;

/// Runs `rounds` multiply-adds in each chain and writes the results to `sink`. Returns the number of operations.
double multiply_add(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const V factor = hn::Set(d, 0.5F);
  const V term = hn::Set(d, 1.0F);
  V sums[chains];
  for (V& sum : sums) sum = hn::Set(d, static_cast<float>(rounds));
  for (std::int64_t round = 0; round < rounds; ++round) {
    HWY_UNROLL(12)
    for (V& sum : sums) sum = hn::MulAdd(sum, factor, term);
  }
  V total = hn::Zero(d);
  for (const V& sum : sums) total = hn::Add(total, sum);
  *sink = hn::GetLane(total);
  return 2.0 * chains * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::benchmarks
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::benchmarks {
namespace {

HWY_EXPORT(multiply_add);

constexpr int repetitions = 50;

/// The seconds of the fastest of several calls, the least disturbed one.
template <class Body>
double least_seconds(const Body& body) {
  double least = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    least = std::min(least, elapsed.count());
  }
  return least;
}

}  // namespace

double multiply_add_peak() {
  constexpr std::int64_t rounds = 1'000'000;
  const int threads = kernels::num_threads();
  std::vector<float> sinks(static_cast<std::size_t>(threads));
  std::vector<double> operations(static_cast<std::size_t>(threads));
  const double seconds = least_seconds([&] {
    kernels::parallel_for(threads, [&](std::int64_t piece, int) {
      const auto i = static_cast<std::size_t>(piece);
      operations[i] = HWY_DYNAMIC_DISPATCH(multiply_add)(rounds, &sinks[i]);
    });
  });
  return static_cast<double>(threads) * operations[0] / seconds;
}

double memory_bandwidth() {
  constexpr std::int64_t size = std::int64_t{1} << 26;
  constexpr std::int64_t grain = std::int64_t{1} << 18;
  Array a = Array::zeros({size});
  const Array b = Array::full({size}, 1);
  const Array c = Array::full({size}, 2);
  float* const out = a.mutable_data<float>();
  const float* const first = b.data<float>();
  const float* const second = c.data<float>();
  const double seconds = least_seconds([&] {
    kernels::parallel_ranges(size, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) out[i] = first[i] + 3 * second[i];
    });
  });
  return 3 * static_cast<double>(a.bytes()) / seconds;
}

}  // namespace tapestry::benchmarks
#endif
