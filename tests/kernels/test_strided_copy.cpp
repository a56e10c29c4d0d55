#include <numeric>
#include <vector>

#include <tapestry/kernels/indexing/strided_copy.hpp>

#include "core/generate.hpp"

namespace test_strided_copy {

using namespace tapestry;
using namespace tapestry::testing;
using kernels::CopyLoop;

namespace {

/// The copy by plain loops.
void copy_plainly(const std::vector<CopyLoop>& loops, std::size_t loop, const int* from, int* to) {
  if (loop == loops.size()) {
    *to = *from;
    return;
  }
  for (std::int64_t i = 0; i < loops[loop].size; ++i)
    copy_plainly(loops, loop + 1, from + i * loops[loop].from_stride, to + i * loops[loop].to_stride);
}

}  // namespace

TEST_CASE("strided copies match plain loops for any order and direction of the axes") {
  Generator random(1);
  for (int call = 0; call < 200; ++call) {
    const auto rank = static_cast<std::size_t>(random.between(0, 4));
    std::vector<CopyLoop> loops(rank, {0, 0, 0});
    // Dense arrays whose axes are in different memory orders.
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::int64_t count = 1;
    for (CopyLoop& loop : loops) {
      loop.size = random.one_in(6) ? 1 : random.between(1, random.one_in(4) ? 70 : 7);
      loop.to_stride = count;
      count *= loop.size;
    }
    std::int64_t stride = 1;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      std::swap(order[i], order[static_cast<std::size_t>(
                              random.between(static_cast<std::int64_t>(i), static_cast<std::int64_t>(rank) - 1))]);
      CopyLoop& loop = loops[order[i]];
      const bool is_backwards = random.one_in(3);
      loop.from_stride = is_backwards ? -stride : stride;
      if (is_backwards) first += (loop.size - 1) * stride;
      stride *= loop.size;
    }
    std::vector<double> from(static_cast<std::size_t>(count)), to(static_cast<std::size_t>(count), -1);
    std::iota(from.begin(), from.end(), 0.0);
    kernels::strided_copy(loops, from.data() + first, to.data());
    std::vector<int> whole(static_cast<std::size_t>(count)), wanted(static_cast<std::size_t>(count), -1);
    std::iota(whole.begin(), whole.end(), 0);
    copy_plainly(loops, 0, whole.data() + first, wanted.data());
    REQUIRE(to == std::vector<double>(wanted.begin(), wanted.end()));
  }
}

TEST_CASE("an empty strided copy writes nothing") {
  double untouched = 7;
  kernels::strided_copy<double>({{3, 1, 1}, {0, 1, 1}}, nullptr, &untouched);
  REQUIRE(untouched == 7);
}

}  // namespace test_strided_copy
