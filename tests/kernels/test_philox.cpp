#include <cstdint>
#include <vector>

#include <tapestry/core/random.hpp>

#include "catch.hpp"

namespace test_philox {

using namespace tapestry;

TEST_CASE("many blocks of random words equal the blocks one by one") {
  const Philox random(7, 11, (std::uint64_t{1} << 40) + 3);
  // Includes the carry into the second word of the counter.
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{5}, (std::uint64_t{1} << 32) - 5}) {
    for (std::int64_t count = 0; count < 40; ++count) {
      std::vector<std::uint32_t> words(static_cast<std::size_t>(4 * count) + 1, 42);
      random.fill(first, count, words.data());
      for (std::int64_t i = 0; i < count; ++i) {
        const auto wanted = random(first + static_cast<std::uint64_t>(i));
        for (std::size_t w = 0; w < 4; ++w) REQUIRE(words[static_cast<std::size_t>(4 * i) + w] == wanted[w]);
      }
      REQUIRE(words.back() == 42);
    }
  }
}

}  // namespace test_philox
