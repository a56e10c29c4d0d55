#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/conv_cases.hpp"

namespace test_conv2d_edges {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

const Tensor& images() {
  static const Tensor x = Array::zeros({8, 3, 32, 32});
  return x;
}
const Tensor& kernels() {
  static const Tensor weight = Array::zeros({16, 3, 3, 3});
  return weight;
}

/// Requires that a convolution is rejected with this text before anything is allocated.
template <class Expected>
void require_rejected(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
                      const std::string& text) {
  const auto before = Allocator::instance().statistics().allocations;
  REQUIRE_THROWS_AS(conv2d(x, weight, bias, options), Expected);
  REQUIRE_THROWS_WITH(conv2d(x, weight, bias, options), text);
  REQUIRE(Allocator::instance().statistics().allocations == before);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("conv2d reports ranks and channels and biases that do not match") {
  require_rejected<ShapeError>(
      Array::zeros({8, 4, 32, 32}), kernels(), {}, {},
      "conv2d: expected 3 input channels (weight [16, 3, 3, 3], groups 1), got 4 (input [8, 4, 32, 32])");
  require_rejected<ShapeError>(images(), kernels(), Array::zeros({15}), {},
                               "conv2d: expected a bias of shape [16] (weight [16, 3, 3, 3]), got [15]");
  require_rejected<ShapeError>(images(), kernels(), Array::zeros({16, 1}), {},
                               "conv2d: expected a bias of shape [16] (weight [16, 3, 3, 3]), got [16, 1]");
  require_rejected<ShapeError>(Array::zeros({3, 32, 32}), kernels(), {}, {},
                               "conv2d: expected an input (N, C, H, W) of rank 4, got [3, 32, 32]");
  require_rejected<ShapeError>(
      images(), Array::zeros({16, 27}), {}, {},
      "conv2d: expected a weight (out_channels, in_channels / groups, kh, kw) of rank 4, got [16, 27]");
}

TEST_CASE("conv2d reports dtypes that do not match") {
  require_rejected<DTypeError>(images(), Array::zeros({16, 3, 3, 3}, DType::f64), {}, {},
                               "conv2d: expected the same dtype, got f32[8, 3, 32, 32] and f64[16, 3, 3, 3]\n"
                               "hint: convert with to(DType)");
  require_rejected<DTypeError>(
      images(), kernels(), Array::zeros({16}, DType::f64), {},
      "conv2d: expected the same dtype, got f32[8, 3, 32, 32] and f64[16]\nhint: convert with to(DType)");
  require_rejected<DTypeError>(Array::zeros({8, 3, 32, 32}, DType::u8), kernels(), {}, {},
                               "conv2d: expected f32 or f64, got u8");
}

TEST_CASE("conv2d reports a kernel larger than the padded input with both sizes") {
  require_rejected<ShapeError>(
      Array::zeros({1, 3, 4, 9}), kernels(), {}, {.dilation = 2},
      "conv2d: along the height the kernel covers 5 (size 3, dilation 2), the padded input has 4 "
      "(size 4, padding 0)");
  require_rejected<ShapeError>(
      Array::zeros({1, 3, 9, 2}), kernels(), {}, {.padding = {0, 1}, .dilation = {1, 3}},
      "conv2d: along the width the kernel covers 7 (size 3, dilation 3), the padded input has 4 "
      "(size 2, padding 1)");
  REQUIRE(conv2d(Array::zeros({1, 3, 3, 1}), kernels(), {}, {.padding = {0, 1}}).shape() == Shape{1, 16, 1, 1});
}

TEST_CASE("conv2d reports options out of range") {
  require_rejected<ValueError>(images(), kernels(), {}, {.stride = {0, 1}},
                               "conv2d: stride must be at least 1, got (0, 1)");
  require_rejected<ValueError>(images(), kernels(), {}, {.stride = {1, -2}},
                               "conv2d: stride must be at least 1, got (1, -2)");
  require_rejected<ValueError>(images(), kernels(), {}, {.dilation = 0},
                               "conv2d: dilation must be at least 1, got (0, 0)");
  require_rejected<ValueError>(images(), kernels(), {}, {.padding = {-1, 2}},
                               "conv2d: padding must be at least 0, got (-1, 2)");
  require_rejected<ValueError>(images(), Array::zeros({16, 3, 0, 3}), {}, {},
                               "conv2d: kernel_size must be at least 1, got (0, 3)");
  require_rejected<ValueError>(images(), kernels(), {}, {.stride = {1, 2}, .padding = Padding::same()},
                               "conv2d: padding 'same' requires stride 1, got (1, 2)");
  REQUIRE_THROWS_WITH(Conv2dOptions{.stride = 0}.check("depthwise", 3),
                      "depthwise: stride must be at least 1, got (0, 0)");
}

TEST_CASE("conv2d reports padding that is too large for its mode") {
  const Tensor x = Array::zeros({2, 3, 5, 4});
  require_rejected<ValueError>(
      x, kernels(), {}, {.padding = {4, 4}, .padding_mode = PaddingMode::reflect},
      "conv2d: padding mode reflect requires amounts smaller than the axis, got (4, 4) for axis 3 of [2, 3, 5, 4]");
  require_rejected<ValueError>(
      x, kernels(), {}, {.padding = {6, 0}, .padding_mode = PaddingMode::circular},
      "conv2d: padding mode circular requires amounts no larger than the axis, got (6, 6) for axis 2 of [2, 3, 5, 4]");
  Conv2dOptions same = {.padding = Padding::same(), .dilation = {1, 4}, .padding_mode = PaddingMode::reflect};
  require_rejected<ValueError>(
      x, kernels(), {}, same,
      "conv2d: padding mode reflect requires amounts smaller than the axis, got (4, 4) for axis 3 of [2, 3, 5, 4]");
  same.padding_mode = PaddingMode::circular;
  REQUIRE(conv2d(x, kernels(), {}, same).shape() == Shape{2, 16, 5, 4});
  REQUIRE(conv2d(x, kernels(), {}, {.padding = 9, .padding_mode = PaddingMode::replicate}).shape() ==
          Shape{2, 16, 21, 20});
}

TEST_CASE("conv2d reports groups that do not divide the channels") {
  require_rejected<ValueError>(images(), kernels(), {}, {.groups = 0}, "conv2d: groups must be at least 1, got 0");
  require_rejected<ValueError>(images(), kernels(), {}, {.groups = -3}, "conv2d: groups must be at least 1, got -3");
  require_rejected<ShapeError>(Array::zeros({8, 9, 32, 32}), kernels(), {}, {.groups = 3},
                               "conv2d: groups 3 does not divide the 16 output channels (weight [16, 3, 3, 3])");
  require_rejected<ShapeError>(
      Array::zeros({8, 3, 32, 32}), Array::zeros({16, 1, 3, 3}), {}, {.groups = 2},
      "conv2d: expected 2 input channels (weight [16, 1, 3, 3], groups 2), got 3 (input [8, 3, 32, 32])");
}

TEST_CASE("conv2d reports weights without channels and images without pixels") {
  require_rejected<ShapeError>(images(), Array::zeros({0, 3, 3, 3}), {}, {},
                               "conv2d: the weight must have channels, got [0, 3, 3, 3]");
  require_rejected<ShapeError>(Array::zeros({8, 0, 32, 32}), Array::zeros({16, 0, 3, 3}), {}, {},
                               "conv2d: the weight must have channels, got [16, 0, 3, 3]");
  require_rejected<ShapeError>(Array::zeros({8, 3, 0, 32}), kernels(), {}, {.padding = 2},
                               "conv2d: the image must have pixels, got [8, 3, 0, 32]");
}

TEST_CASE("conv2d rejects sizes that overflow") {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  require_rejected<ShapeError>(
      images(), kernels(), {}, {.padding = {huge, 0}},
      "conv2d: along the height the sizes overflow int64 (kernel 3, dilation 1, input 32, padding "
      "4611686018427387904)");
  require_rejected<ShapeError>(
      images(), kernels(), {}, {.dilation = {1, huge}},
      "conv2d: along the width the sizes overflow int64 (kernel 3, dilation 4611686018427387904, "
      "input 32, padding 0)");
  REQUIRE_THROWS_AS(conv2d(images(), kernels(), {}, {.padding = huge / 8}), ShapeError);
}

TEST_CASE("an empty batch gives an empty result and zero gradients of weight and bias") {
  const CheckedFunction function = [](const std::vector<Tensor>& in) {
    return conv2d(in[0], in[1], in[2], {.stride = 2, .padding = 1});
  };
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<Array> inputs = {Array::zeros({0, 3, 9, 8}, dtype), Array::full({4, 3, 3, 3}, 1, dtype),
                                       Array::full({4}, 1, dtype)};
    require_works_on_empty(function, inputs, {0, 4, 5, 4});
  }
}

TEST_CASE("a depthwise convolution of ones counts the pixels that each weight meets") {
  const Tensor x = Array::full({1, 24, 6, 6}, 1);
  const Tensor weight = leaf(Array::full({24, 1, 3, 3}, 1));
  const Tensor y = conv2d(x, weight, {}, {.stride = 2, .padding = 1, .groups = 24});
  y.backward(Array::full(y.shape(), 1), {});
  const Array each = f32({1, 1, 3, 3}, {4, 6, 6, 6, 9, 9, 6, 9, 9});
  for (std::int64_t channel = 0; channel < 24; ++channel)
    require_equal(weight.grad().array().slice(channel, channel + 1), each);
}

TEST_CASE("a window entirely in the padding gives exactly the bias") {
  Generator random(1);
  const Array bias = random.reals({5}).to(DType::f32);
  const Tensor y = conv2d(random.reals({2, 3, 4, 5}, 1e6, 1e7).to(DType::f32),
                          random.reals({5, 3, 2, 2}).to(DType::f32), bias, {.stride = 3, .padding = 3});
  for (std::int64_t n = 0; n < 2; ++n) {
    for (std::int64_t k = 0; k < 5; ++k) {
      for (std::int64_t column = 0; column < y.size(3); ++column)
        REQUIRE(y.array().at({n, k, 0, column}) == bias.at({k}));
    }
  }
}

TEST_CASE("pixels that a strided 1 by 1 kernel skips get the gradient 0") {
  const Tensor x = leaf(Array::full({1, 2, 5, 4}, 3));
  const Tensor y = conv2d(x, Array::full({3, 2, 1, 1}, 1), {}, {.stride = 2});
  REQUIRE(y.shape() == Shape{1, 3, 3, 2});
  y.backward(Array::full(y.shape(), 1), {});
  for (std::int64_t row = 0; row < 5; ++row) {
    for (std::int64_t column = 0; column < 4; ++column) {
      REQUIRE(x.grad().array().at({0, 1, row, column}) == (row % 2 == 0 && column % 2 == 0 ? 3 : 0));
    }
  }
}

TEST_CASE("NaN reaches only the windows that touch it") {
  Generator random(2);
  for (const Conv2dOptions& options : std::vector<Conv2dOptions>{{.padding = 1},
                                                                 {.stride = 2},
                                                                 {.padding = {0, 2}, .dilation = 2},
                                                                 {.padding = 1, .groups = 2},
                                                                 {.stride = {1, 2}, .padding = 1, .groups = 4}}) {
    Array x = random.reals({2, 4, 7, 8}).to(DType::f32);
    const Array clean = x.clone();
    x.mutable_data<float>()[((1 * 4 + 1) * 7 + 3) * 8 + 4] = NAN;
    const Array weight = random.reals({8, 4 / options.groups, 3, 3}).to(DType::f32);
    const Array y = conv2d(x, weight, {}, options).array();
    const Array wanted = conv2d(clean, weight, {}, options).array();
    for (std::int64_t n = 0; n < 2; ++n) {
      for (std::int64_t k = 0; k < 8; ++k) {
        for (std::int64_t i = 0; i < y.size(2); ++i) {
          for (std::int64_t j = 0; j < y.size(3); ++j) {
            const auto touches = [](std::int64_t out, std::int64_t stride, std::int64_t pad, std::int64_t dilation,
                                    std::int64_t at) {
              const std::int64_t from_first = at - (out * stride - pad);
              return from_first >= 0 && from_first <= 2 * dilation && from_first % dilation == 0;
            };
            const auto& [stride, padding, dilation, groups, mode] = options;
            const bool hit = n == 1 && k / (8 / groups) == 1 / (4 / groups) &&
                             touches(i, stride.height, padding.amount.height, dilation.height, 3) &&
                             touches(j, stride.width, padding.amount.width, dilation.width, 4);
            INFO("output " << n << ' ' << k << ' ' << i << ' ' << j);
            REQUIRE(std::isnan(y.at({n, k, i, j})) == hit);
            if (!hit) REQUIRE(std::abs(y.at({n, k, i, j}) - wanted.at({n, k, i, j})) < 2e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("zero times infinity is NaN and infinity passes through") {
  Array x = Array::full({1, 1, 3, 3}, 1);
  x.mutable_data<float>()[4] = static_cast<float>(infinity);
  REQUIRE(std::isnan(conv2d(x, Array::zeros({1, 1, 3, 3})).item()));
  REQUIRE(conv2d(x, Array::full({1, 1, 3, 3}, 2)).item() == infinity);
}

TEST_CASE("conv2d computes only the requested gradients") {
  Generator random(3);
  const Array x = random.reals({1, 2, 4, 5}), weight = random.reals({3, 2, 2, 2}), bias = random.reals({3});
  const Array seed = random.reals({1, 3, 3, 4});
  const std::vector<Tensor> all = {leaf(x), leaf(weight), leaf(bias)};
  const auto wanted = grad(conv2d(all[0], all[1], all[2]), all, seed);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<Tensor> one = {x, weight, bias};
    one[i] = leaf(one[i].array());
    require_equal(grad(conv2d(one[0], one[1], one[2]), {one[i]}, seed)[0].array(), wanted[i].array());
  }
}

}  // namespace test_conv2d_edges
