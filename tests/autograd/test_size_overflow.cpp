// Sizes beyond int64, where a product or sum of large options would wrap around to a small number.
#include <cstdint>
#include <limits>

#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_size_overflow {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t huge = std::int64_t{1} << 62;

Array image() {
  return Generator(1).reals({1, 2, 5, 6});
}

}  // namespace

TEST_CASE("pooling rejects windows that overflow") {
  // Four steps of 2⁶² are 2⁶⁴, which wraps around to 0.
  REQUIRE_THROWS_MATCHES(max_pool2d(image(), {.kernel_size = Pair(5, 1), .dilation = Pair(huge, 1)}), ShapeError,
                         Message("max_pool2d: along the height the sizes overflow int64 (kernel 5, dilation "
                                 "4611686018427387904, input 5, padding 0)"));
  REQUIRE_THROWS_MATCHES(max_pool1d(image().reshape({2, 5, 6}), {.kernel_size = 5, .dilation = huge}), ShapeError,
                         Message("max_pool1d: along the length the sizes overflow int64 (kernel 5, dilation "
                                 "4611686018427387904, input 6, padding 0)"));
  REQUIRE_THROWS_MATCHES(avg_pool2d(image(), {.kernel_size = Pair(1, most), .padding = Pair(0, most / 2)}), ShapeError,
                         Message("avg_pool2d: along the width the sizes overflow int64 (kernel 9223372036854775807, "
                                 "dilation 1, input 6, padding 4611686018427387903)"));
  REQUIRE_THROWS_MATCHES(avg_pool2d(image(), {.kernel_size = huge, .padding = huge / 2}), ShapeError,
                         Message("avg_pool2d: the number of cells of a window overflows int64 (kernel "
                                 "4611686018427387904 × 4611686018427387904)"));
}

TEST_CASE("pooling with a stride beyond the image has one window") {
  const Array x = image();
  for (const std::int64_t stride : {huge, most}) {
    for (const bool ceil_mode : {false, true}) {
      const Tensor y = max_pool2d(x, {.kernel_size = 1, .stride = stride, .ceil_mode = ceil_mode});
      require_equal(y.array(), slice(slice(x, 2, 0, 1), 3, 0, 1).array());
    }
    // In ceil mode, even a window that does not fit.
    const AvgPool2dOptions large = {.kernel_size = 7, .stride = stride, .ceil_mode = true};
    require_close(avg_pool2d(x, large).array(), global_avg_pool2d(x).array(), 1e-15);
  }
}

TEST_CASE("max_unpool2d rejects planes that overflow") {
  const Array indices = Array::zeros({1, 2, 5, 6}, DType::i64);
  REQUIRE_THROWS_MATCHES(max_unpool2d(image(), indices, {.kernel_size = 1, .stride = huge}), ShapeError,
                         Message("max_unpool2d: the sizes overflow int64 (input [1, 2, 5, 6], kernel 1, stride "
                                 "4611686018427387904, padding 0)"));
  REQUIRE_THROWS_AS(max_unpool2d(image(), indices, {.kernel_size = 1, .padding = huge}), ShapeError);
  REQUIRE_THROWS_AS(max_unpool2d(image(), indices, {.kernel_size = 1, .stride = std::int64_t{1} << 40}), ShapeError);
  REQUIRE_THROWS_AS(
      max_unpool2d(image(), indices, {.kernel_size = 1, .padding = most / 2, .output_size = Pair(most, most)}),
      ValueError);
}

TEST_CASE("unfold rejects columns that overflow") {
  REQUIRE_THROWS_MATCHES(unfold(image(), {.kernel_size = Pair(1, 2), .padding = std::int64_t{1} << 40}), ShapeError,
                         Message("unfold: 2199023255557 · 2199023255557 windows of 2 · 1 · 2 numbers overflow int64 "
                                 "(input [1, 2, 5, 6])"));
  REQUIRE_THROWS_AS(unfold(image(), {.kernel_size = 1, .padding = huge}), ShapeError);
}

TEST_CASE("shuffles of empty arrays reject factors that overflow and accept others") {
  REQUIRE(pixel_shuffle(Array::zeros({2, 0, 3, 5}), 1000).shape() == Shape{2, 0, 3000, 5000});
  REQUIRE_THROWS_MATCHES(
      pixel_shuffle(Array::zeros({2, 0, 3, 5}), huge), ShapeError,
      Message("pixel_shuffle: the sizes overflow int64 (factor 4611686018427387904, input [2, 0, 3, 5])"));
  REQUIRE(pixel_unshuffle(Array::zeros({2, 3, 0, 0}), 1000).shape() == Shape{2, 3'000'000, 0, 0});
  REQUIRE_THROWS_MATCHES(pixel_unshuffle(Array::zeros({2, 3, 0, 0}), std::int64_t{1} << 32), ShapeError,
                         Message("pixel_unshuffle: the sizes overflow int64 (factor 4294967296, input [2, 3, 0, 0])"));
}

TEST_CASE("splitting into more or larger parts than there are elements does not overflow") {
  const auto parts = chunk(image(), most, 3);
  REQUIRE(parts.size() == 6);
  REQUIRE(parts[5].shape() == Shape{1, 2, 5, 1});
  // Four times 2⁶² wraps around to 0.
  REQUIRE_THROWS_MATCHES(split(image(), {huge, huge, huge, huge, 6}, 3), ShapeError,
                         Message("split: expected non-negative sizes with the sum 6, axis 3 of [1, 2, 5, 6], got "
                                 "[4611686018427387904, 4611686018427387904, 4611686018427387904, "
                                 "4611686018427387904, 6]"));
}

}  // namespace test_size_overflow
