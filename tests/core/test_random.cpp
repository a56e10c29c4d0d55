#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include <Random123/philox.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace test_random {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Words = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32, implemented from the paper (section 3.3, figure and table 2).
Words philox_by_the_paper(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// More elements than one piece of work.
constexpr std::int64_t many = 40'000;

struct Moments {
  double mean, variance, third;
};

Moments moments(const Array& array) {
  const auto values = values_of(array);
  const auto count = static_cast<double>(values.size());
  Moments result{};
  for (const double x : values) result.mean += x / count;
  for (const double x : values) {
    const double away = x - result.mean;
    result.variance += away * away / count;
    result.third += away * away * away / count;
  }
  return result;
}

}  // namespace

// The known-answer vectors of Random123 (kat_vectors, philox4x32 10).
TEST_CASE("Philox matches its published test vectors") {
  const auto ones = std::uint32_t{0xffffffff};
  const std::array<std::array<Words, 3>, 3> vectors = {{
      {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{ones, ones, ones, ones}, {ones, ones}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
        {0xa4093822, 0x299f31d0},
        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  }};
  for (const auto& [counter, key, answer] : vectors) {
    REQUIRE(philox_by_the_paper(counter, {key[0], key[1]}) == answer);
    const auto library = r123::Philox4x32()({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
    REQUIRE(Words{library[0], library[1], library[2], library[3]} == answer);
  }
}

TEST_CASE("a block of words is Philox of block and step with a key of seed and stream") {
  Generator random(1);
  const auto word = [](std::uint64_t value, int shift) { return static_cast<std::uint32_t>(value >> shift); };
  for (int i = 0; i < 50; ++i) {
    const auto draw = [&] { return static_cast<std::uint64_t>(random.between(0, INT64_MAX - 1)) * 2 + 1; };
    const std::uint64_t seed = draw(), stream = draw(), step = draw(), block = draw();
    const Words mixed = philox_by_the_paper({word(stream, 0), word(stream, 32), 0, 0}, {word(seed, 0), word(seed, 32)});
    REQUIRE(
        Philox(seed, stream, step)(block) ==
        philox_by_the_paper({word(block, 0), word(block, 32), word(step, 0), word(step, 32)}, {mixed[0], mixed[1]}));
  }
}

TEST_CASE("random arrays are the same at any number of threads") {
  const ThreadCount one(1);
  const auto draw = [] {
    RandomStream stream{.seed = 3, .stream = 4};
    return std::vector<Array>{stream.uniform({many}),        stream.uniform({many}, -2, 5, DType::f64),
                              stream.normal({many}, 1, 2),   stream.normal({many}, 0, 1, DType::f64),
                              stream.integers({many}, 1000), stream.permutation(many)};
  };
  const auto wanted = draw();
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    const auto got = draw();
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(values_of(got[i]) == values_of(wanted[i]));
  }
}

TEST_CASE("an element does not depend on how many are drawn") {
  for (const std::int64_t count : {1, 2, 3, 5, 17}) {
    const auto long_values = values_of(RandomStream{.seed = 5}.normal({20}));
    const auto short_values = values_of(RandomStream{.seed = 5}.normal({count}));
    REQUIRE(std::equal(short_values.begin(), short_values.end(), long_values.begin()));
    const auto long_draws = values_of(RandomStream{.seed = 5}.uniform({20}));
    const auto short_draws = values_of(RandomStream{.seed = 5}.uniform({count}));
    REQUIRE(std::equal(short_draws.begin(), short_draws.end(), long_draws.begin()));
  }
}

TEST_CASE("different seeds and streams and steps give different numbers and equal ones repeat them") {
  const auto values = [](std::uint64_t seed, std::uint64_t stream, std::uint64_t step) {
    RandomStream random{.seed = seed, .stream = stream, .step = step};
    return values_of(random.uniform({100}));
  };
  REQUIRE(values(1, 2, 3) == values(1, 2, 3));
  REQUIRE(values(1, 2, 3) != values(2, 2, 3));
  REQUIRE(values(1, 2, 3) != values(1, 3, 3));
  REQUIRE(values(1, 2, 3) != values(1, 2, 4));
  REQUIRE(values(1, 2, 3) != values(2, 1, 3));

  RandomStream random{.seed = 1};
  const auto first = values_of(random.uniform({100}));
  const auto second = values_of(random.uniform({100}));
  REQUIRE(random.step == 2);
  REQUIRE(first != second);
}

TEST_CASE("manual_seed restarts the streams of a thread") {
  manual_seed(7);
  const RandomStream first = new_random_stream();
  const RandomStream second = new_random_stream();
  REQUIRE(first.seed == 7);
  REQUIRE(first.stream != second.stream);
  manual_seed(7);
  REQUIRE(new_random_stream().stream == first.stream);
  manual_seed(8);
  REQUIRE(new_random_stream().seed == 8);
}

// The mean of n independent numbers has the standard deviation σ / √n, the variance about σ²·√((κ − 1) / n) with the
// kurtosis κ, 1.8 for uniform and 3 for normal numbers, and the third moment of normal numbers σ³·√(15 / n). The
// tests allow five of each.
TEST_CASE("uniform and normal numbers have the expected moments") {
  const double root = std::sqrt(static_cast<double>(many));
  for (const DType dtype : {DType::f32, DType::f64}) {
    RandomStream random{.seed = 11};
    const Moments uniform = moments(random.uniform({many}, -1, 3, dtype));
    const double variance = 16.0 / 12;
    REQUIRE(std::abs(uniform.mean - 1) < 5 * std::sqrt(variance) / root);
    REQUIRE(std::abs(uniform.variance - variance) < 5 * variance * std::sqrt(0.8) / root);

    const Moments normal = moments(random.normal({many}, 2, 3, dtype));
    REQUIRE(std::abs(normal.mean - 2) < 5 * 3 / root);
    REQUIRE(std::abs(normal.variance - 9) < 5 * 9 * std::sqrt(2.0) / root);
    REQUIRE(std::abs(normal.third) < 5 * 27 * std::sqrt(15.0) / root);
  }
}

// The Box-Muller transform yields numbers in pairs; an error in the angle would cause correlation. The correlation of n
// pairs has the standard deviation 1 / √n.
TEST_CASE("adjacent normal numbers are not correlated and reach both tails") {
  const auto values = values_of(RandomStream{.seed = 12}.normal({many}, 0, 1, DType::f64));
  double correlation = 0;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) correlation += values[i] * values[i + 1];
  REQUIRE(std::abs(correlation / (many / 2.0)) < 5 / std::sqrt(many / 2.0));
  REQUIRE(*std::min_element(values.begin(), values.end()) < -3);
  REQUIRE(*std::max_element(values.begin(), values.end()) > 3);
  // 2.28 % lie above 2; the count has the standard deviation √(n·p·(1 − p)).
  const auto above = std::count_if(values.begin(), values.end(), [](double x) { return x > 2; });
  REQUIRE(std::abs(static_cast<double>(above) - many * 0.02275) < 5 * std::sqrt(many * 0.02275));
}

TEST_CASE("uniform numbers stay below the upper bound even if it is the nearest float") {
  RandomStream random{.seed = 13};
  // Floats near 1e8 are 8 apart, doubles near 1e16 are 2 apart: there is no number between the bounds.
  for (const double x : values_of(random.uniform({1000}, 1e8, 1e8 + 8))) REQUIRE(x == 1e8);
  for (const double x : values_of(random.uniform({1000}, 1e16, 1e16 + 2, DType::f64))) REQUIRE(x == 1e16);
  for (const double x : values_of(random.uniform({many}))) REQUIRE((x >= 0 && x < 1));
}

TEST_CASE("integers stay in their range and take every value about equally often") {
  RandomStream random{.seed = 14};
  constexpr std::int64_t bound = 7;
  std::vector<std::int64_t> counts(bound, 0);
  for (const std::int64_t x : random.integers({many}, bound).to_vector<std::int64_t>()) {
    REQUIRE((x >= 0 && x < bound));
    ++counts[static_cast<std::size_t>(x)];
  }
  const double expected = static_cast<double>(many) / bound;
  for (const std::int64_t count : counts) {
    REQUIRE(std::abs(static_cast<double>(count) - expected) < 5 * std::sqrt(expected));
  }
  REQUIRE(values_of(random.integers({100}, 1)) == std::vector<double>(100, 0));
  const auto large = random.integers({1000}, INT64_MAX).to_vector<std::int64_t>();
  REQUIRE(*std::min_element(large.begin(), large.end()) >= 0);
  REQUIRE(*std::max_element(large.begin(), large.end()) > INT64_MAX / 2);
  REQUIRE_THROWS_AS(random.integers({2}, 0), ValueError);
  REQUIRE_THROWS_WITH(random.integers({2}, -3), "integers: the bound must be at least 1, got -3");
}

TEST_CASE("a permutation contains every number once and shuffles them") {
  RandomStream random{.seed = 15};
  for (const std::int64_t count : {0, 1, 2, 3, 1000}) {
    auto numbers = random.permutation(count).to_vector<std::int64_t>();
    std::sort(numbers.begin(), numbers.end());
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(count));
    std::iota(wanted.begin(), wanted.end(), 0);
    REQUIRE(numbers == wanted);
  }
  // All six orders of three, about equally often.
  std::vector<std::int64_t> counts(27, 0);
  for (int i = 0; i < 6000; ++i) {
    const auto order = random.permutation(3).to_vector<std::int64_t>();
    ++counts[static_cast<std::size_t>(order[0] * 9 + order[1] * 3 + order[2])];
  }
  REQUIRE(std::count(counts.begin(), counts.end(), 0) == 21);
  for (const auto count : counts)
    REQUIRE((count == 0 || std::abs(static_cast<double>(count) - 1000) < 5 * std::sqrt(1000.0)));
}

TEST_CASE("random arrays require floating types") {
  RandomStream random;
  REQUIRE_THROWS_WITH(random.uniform({2}, 0, 1, DType::i64), "uniform: expected f32 or f64, got i64");
  REQUIRE_THROWS_WITH(random.normal({2}, 0, 1, DType::u8), "normal: expected f32 or f64, got u8");
}

TEST_CASE("the number of threads is at least one") {
  REQUIRE_THROWS_AS(set_num_threads(0), ValueError);
  REQUIRE_THROWS_WITH(set_num_threads(-2), "set_num_threads: count must be at least 1, got -2");
}

TEST_CASE("threads that never set a seed draw different numbers") {
  const auto drawn_on_a_thread = [] {
    std::vector<double> values;
    std::thread([&] { values = values_of(new_random_stream().uniform({8})); }).join();
    return values;
  };
  REQUIRE(drawn_on_a_thread() != drawn_on_a_thread());
}

}  // namespace test_random
