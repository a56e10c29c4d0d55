// Adaptive, global and one-dimensional pooling layers, and unpooling.
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/pooling.hpp>

#include "core/generate.hpp"

namespace test_pooling {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array image() {
  return Generator(1).reals({2, 3, 5, 6}).to(DType::f32);
}
Array sequence() {
  return Generator(1).reals({2, 3, 7}).to(DType::f32);
}

}  // namespace

TEST_CASE("pooling layers of sequences are their operators") {
  const MaxPool1dOptions max_options = {.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = true};
  nn::MaxPool1d largest(max_options);
  require_equal(largest(sequence()).array(), max_pool1d(sequence(), max_options).array());
  const AvgPool1dOptions avg_options = {.kernel_size = 2, .padding = 1, .count_include_pad = false};
  nn::AvgPool1d average(avg_options);
  require_equal(average(sequence()).array(), avg_pool1d(sequence(), avg_options).array());
}

TEST_CASE("adaptive and global pooling layers are their operators") {
  nn::AdaptiveAvgPool2d average(Pair(2, 4));
  require_equal(average(image()).array(), adaptive_avg_pool2d(image(), Pair(2, 4)).array());
  nn::AdaptiveMaxPool2d largest(Pair(3, 1));
  require_equal(largest(image()).array(), adaptive_max_pool2d(image(), Pair(3, 1)).array());
  nn::GlobalMaxPool2d whole;
  require_equal(whole(image()).array(), global_max_pool2d(image()).array());
}

TEST_CASE("an unpooling layer takes an input and indices") {
  nn::MaxUnpool2d back({.kernel_size = 2});
  const Array x = image().slice(0, 1);
  const MaxPoolResult pooled = max_pool2d_with_indices(x, {.kernel_size = 2});
  require_equal(back(pooled.values, pooled.indices).array(),
                max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2}).array());
}

TEST_CASE("options of pooling layers out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::MaxPool1d({.kernel_size = 0}), ValueError,
                         Message("MaxPool1d: kernel_size must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::AvgPool1d({.kernel_size = 2, .stride = 0}), ValueError,
                         Message("AvgPool1d: stride must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::AvgPool2d({.kernel_size = 2, .divisor_override = -1}), ValueError,
                         Message("AvgPool2d: divisor_override must be at least 1, got -1"));
  REQUIRE_THROWS_MATCHES(nn::AdaptiveAvgPool2d(Pair(0, 1)), ValueError,
                         Message("AdaptiveAvgPool2d: output_size must be in [1, 65536], got (0, 1)"));
  REQUIRE_THROWS_MATCHES(nn::AdaptiveMaxPool2d(Pair(1, 65537)), ValueError,
                         Message("AdaptiveMaxPool2d: output_size must be in [1, 65536], got (1, 65537)"));
  REQUIRE_THROWS_MATCHES(nn::MaxUnpool2d({.kernel_size = 2, .padding = Pair(0, -1)}), ValueError,
                         Message("MaxUnpool2d: padding must be at least 0, got (0, -1)"));
}

}  // namespace test_pooling
