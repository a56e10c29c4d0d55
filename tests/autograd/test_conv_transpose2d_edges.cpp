#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/conv_cases.hpp"

namespace test_conv_transpose2d_edges {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

const Tensor& images() {
  static const Tensor x = Array::zeros({8, 6, 4, 5});
  return x;
}
const Tensor& kernels() {
  static const Tensor weight = Array::zeros({6, 2, 3, 3});
  return weight;
}

/// Requires that a transposed convolution is rejected with this text before anything is allocated.
template <class Expected>
void require_rejected(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTranspose2dOptions& options,
                      const std::string& text) {
  const auto before = Allocator::instance().statistics().allocations;
  REQUIRE_THROWS_AS(conv_transpose2d(x, weight, bias, options), Expected);
  REQUIRE_THROWS_WITH(conv_transpose2d(x, weight, bias, options), text);
  REQUIRE(Allocator::instance().statistics().allocations == before);
}

}  // namespace

TEST_CASE("conv_transpose2d reports ranks and channels and biases that do not match") {
  require_rejected<ShapeError>(
      Array::zeros({8, 4, 4, 5}), kernels(), {}, {},
      "conv_transpose2d: expected 6 input channels (weight [6, 2, 3, 3], groups 1), got 4 (input [8, 4, 4, 5])");
  require_rejected<ShapeError>(images(), kernels(), Array::zeros({2}), {.groups = 3},
                               "conv_transpose2d: expected a bias of shape [6] (weight [6, 2, 3, 3]), got [2]");
  require_rejected<ShapeError>(Array::zeros({6, 4, 5}), kernels(), {}, {},
                               "conv_transpose2d: expected an input (N, C, H, W) of rank 4, got [6, 4, 5]");
  require_rejected<ShapeError>(
      images(), Array::zeros({6, 18}), {}, {},
      "conv_transpose2d: expected a weight (in_channels, out_channels / groups, kh, kw) of rank "
      "4, got [6, 18]");
  require_rejected<ShapeError>(images(), kernels(), {}, {.groups = 4},
                               "conv_transpose2d: groups 4 does not divide the 6 input channels (weight [6, 2, 3, 3])");
  require_rejected<ShapeError>(images(), Array::zeros({6, 0, 3, 3}), {}, {},
                               "conv_transpose2d: the weight must have channels, got [6, 0, 3, 3]");
  require_rejected<ShapeError>(Array::zeros({8, 6, 4, 0}), kernels(), {}, {},
                               "conv_transpose2d: the image must have pixels, got [8, 6, 4, 0]");
}

TEST_CASE("conv_transpose2d reports dtypes that do not match") {
  require_rejected<DTypeError>(images(), Array::zeros({6, 2, 3, 3}, DType::f64), {}, {},
                               "conv_transpose2d: expected the same dtype, got f32[8, 6, 4, 5] and f64[6, 2, 3, 3]\n"
                               "hint: convert with to(DType)");
  require_rejected<DTypeError>(images(), kernels(), Array::zeros({2}, DType::i64), {},
                               "conv_transpose2d: expected f32 or f64, got i64");
}

TEST_CASE("conv_transpose2d reports options out of range") {
  require_rejected<ValueError>(images(), kernels(), {}, {.stride = {1, 0}},
                               "conv_transpose2d: stride must be at least 1, got (1, 0)");
  require_rejected<ValueError>(images(), kernels(), {}, {.padding = -1},
                               "conv_transpose2d: padding must be at least 0, got (-1, -1)");
  require_rejected<ValueError>(images(), kernels(), {}, {.dilation = {0, 1}},
                               "conv_transpose2d: dilation must be at least 1, got (0, 1)");
  require_rejected<ValueError>(images(), Array::zeros({6, 2, 0, 3}), {}, {},
                               "conv_transpose2d: kernel_size must be at least 1, got (0, 3)");
  require_rejected<ValueError>(images(), kernels(), {}, {.groups = 0},
                               "conv_transpose2d: groups must be at least 1, got 0");
}

TEST_CASE("output_padding must be smaller than the stride or the dilation of its axis") {
  require_rejected<ValueError>(
      images(), kernels(), {}, {.stride = {2, 1}, .output_padding = {1, 1}},
      "conv_transpose2d: output_padding must be smaller than the stride or the dilation of its "
      "axis, got (1, 1) (stride (2, 1), dilation (1, 1))");
  require_rejected<ValueError>(
      images(), kernels(), {}, {.stride = 2, .output_padding = {3, 0}, .dilation = {3, 5}},
      "conv_transpose2d: output_padding must be smaller than the stride or the dilation of its "
      "axis, got (3, 0) (stride (2, 2), dilation (3, 5))");
  require_rejected<ValueError>(images(), kernels(), {}, {.stride = 2, .output_padding = {0, -1}},
                               "conv_transpose2d: output_padding must be at least 0, got (0, -1)");
  // Valid: pixels that no window reaches are the bias.
  const ConvTranspose2dCase c = {.x = Array::full({1, 1, 2, 3}, 1, DType::f64),
                                 .weight = Array::full({1, 1, 2, 2}, 1, DType::f64),
                                 .bias = Array::full({1}, 5, DType::f64),
                                 .options = {.output_padding = 2, .dilation = 3}};
  const Tensor y = conv_transpose2d(c.x, c.weight, c.bias, c.options);
  REQUIRE(y.shape() == Shape{1, 1, 7, 8});
  require_equal(y.array(), reference_conv_transpose(c));
  REQUIRE(y.array().at({0, 0, 6, 7}) == 5);
}

TEST_CASE("a transposed convolution rejects an output without pixels and reports the sizes") {
  require_rejected<ShapeError>(
      Array::zeros({1, 6, 1, 5}), kernels(), {}, {.padding = {3, 0}},
      "conv_transpose2d: along the height the output would have the size -3 (input 1, kernel 3, stride 1, padding 3, "
      "output_padding 0, dilation 1)");
  require_rejected<ShapeError>(
      Array::zeros({1, 6, 5, 2}), kernels(), {}, {.stride = 2, .padding = {0, 3}, .output_padding = 1},
      "conv_transpose2d: along the width the output would have the size 0 (input 2, kernel 3, stride 2, padding 3, "
      "output_padding 1, dilation 1)");
  REQUIRE(conv_transpose2d(Array::zeros({1, 6, 1, 2}), kernels(), {}, {.padding = 1}).shape() == Shape{1, 2, 1, 2});
}

TEST_CASE("conv_transpose2d rejects sizes that overflow") {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  require_rejected<ShapeError>(
      images(), kernels(), {}, {.stride = {huge, 1}},
      "conv_transpose2d: along the height the sizes overflow int64 (input 4, kernel 3, stride 4611686018427387904, "
      "padding 0, output_padding 0, dilation 1)");
  require_rejected<ShapeError>(
      images(), kernels(), {}, {.padding = {0, huge}},
      "conv_transpose2d: along the width the sizes overflow int64 (input 5, kernel 3, stride 1, padding "
      "4611686018427387904, output_padding 0, dilation 1)");
  REQUIRE_THROWS_AS(conv_transpose2d(images(), kernels(), {}, {.stride = huge / 8}), ShapeError);
}

TEST_CASE("a stride far larger than the kernel leaves the bias between the pixels") {
  const Array bias = f32({2}, {3, -4});
  const Array y =
      conv_transpose2d(Array::full({1, 1, 2, 2}, 2), Array::full({1, 2, 1, 2}, 1), bias, {.stride = 100}).array();
  REQUIRE(y.shape() == Shape{1, 2, 101, 102});
  for (std::int64_t k = 0; k < 2; ++k) {
    for (std::int64_t i = 0; i < 101; ++i) {
      for (std::int64_t j = 0; j < 102; ++j) {
        REQUIRE(y.at({0, k, i, j}) == bias.at({k}) + (i % 100 == 0 && j % 100 < 2 ? 2 : 0));
      }
    }
  }
}

TEST_CASE("the weight gradient of a grouped transposed convolution equals the concatenated gradients of its groups") {
  Generator random(1);
  const Array x = random.integers({2, 6, 3, 4});
  const Array weight = random.integers({6, 2, 2, 3});
  const auto weight_gradient = [&](const Tensor& image, const Array& kernel, const Tensor& seed, std::int64_t groups) {
    const Tensor w = leaf(kernel);
    return grad(conv_transpose2d(image, w, {}, {.stride = 2, .groups = groups}), {w}, seed)[0].array();
  };
  for (const std::int64_t groups : {2, 3, 6}) {
    const Array seed = random.integers({2, 2 * groups, 6, 9});
    const Array got = weight_gradient(x, weight, seed, groups);
    const std::int64_t in = 6 / groups;
    for (std::int64_t group = 0; group < groups; ++group) {
      require_equal(
          got.slice(group * in, (group + 1) * in),
          weight_gradient(slice(x, 1, group * in, (group + 1) * in), weight.slice(group * in, (group + 1) * in).clone(),
                          slice(seed, 1, group * 2, (group + 1) * 2), 1));
    }
  }
}

TEST_CASE("NaN reaches only outputs that its pixel contributes to") {
  Generator random(2);
  for (const std::int64_t groups : {1, 2, 4}) {
    Array x = random.reals({1, 4, 3, 3}).to(DType::f32);
    x.mutable_data<float>()[1 * 9 + 4] = std::numeric_limits<float>::quiet_NaN();
    const Array weight = random.reals({4, 4 / groups, 2, 2}).to(DType::f32);
    const Array y = conv_transpose2d(x, weight, {}, {.stride = 2, .groups = groups}).array();
    for (std::int64_t k = 0; k < 4; ++k) {
      for (std::int64_t i = 0; i < 6; ++i) {
        for (std::int64_t j = 0; j < 6; ++j) {
          const bool hit = k / (4 / groups) == 1 / (4 / groups) && i / 2 == 1 && j / 2 == 1;
          REQUIRE(std::isnan(y.at({0, k, i, j})) == hit);
        }
      }
    }
  }
}

TEST_CASE("conv_transpose2d computes only the requested gradients") {
  Generator random(3);
  const std::vector<Array> inputs = {random.reals({1, 2, 4, 5}), random.reals({2, 3, 2, 2}), random.reals({3})};
  const Array seed = random.reals({1, 3, 5, 6});
  const std::vector<Tensor> all = {leaf(inputs[0]), leaf(inputs[1]), leaf(inputs[2])};
  const auto wanted = grad(conv_transpose2d(all[0], all[1], all[2]), all, seed);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<Tensor> one(inputs.begin(), inputs.end());
    one[i] = leaf(inputs[i]);
    require_equal(grad(conv_transpose2d(one[0], one[1], one[2]), {one[i]}, seed)[0].array(), wanted[i].array());
  }
}

}  // namespace test_conv_transpose2d_edges
