#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "conv2d_cases.hpp"

namespace test_conv2d {
namespace {

using namespace conv2d_cases;

constexpr Conv2dGeometry plain = same_size(3, 20, 9, 11, 37);

}  // namespace

TEMPLATE_TEST_CASE("conv2d equals the reference exactly on integers in every geometry", "", float, double) {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 300; ++i) {
      const Conv2dGeometry g = source.next();
      const Operands<TestType> o = operands<TestType>(g, integers<TestType>);
      INFO(describe(g));
      const auto expected = all_passes(g, Conv2dAlgorithm::reference, o);
      const auto actual = all_passes(g, Conv2dAlgorithm::implicit_gemm, o);
      REQUIRE(actual.y == expected.y);
      REQUIRE(actual.dx == expected.dx);
      REQUIRE(actual.dweight == expected.dweight);
    }
  });
}

TEMPLATE_TEST_CASE("conv2d adds an input gradient to its target with the bits of a sum", "", float, double) {
  constexpr auto algorithm = Conv2dAlgorithm::implicit_gemm;
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 150; ++i) {
      const Conv2dGeometry g = source.next();
      const Operands<TestType> o = operands<TestType>(g, reals<TestType>);
      INFO(describe(g));
      std::vector<TestType> wanted = input_gradient(g, algorithm, o.dy, o.weight, {});
      std::transform(wanted.begin(), wanted.end(), o.x.begin(), wanted.begin(), std::plus<>());
      REQUIRE(add_input_gradient(g, algorithm, o.dy, o.weight, o.x) == wanted);
    }
  });
}

TEST_CASE("conv2d with 1x1 kernels equals the reference in blocks read in place") {
  for (const std::int64_t in : {1, 7, 16, 24, 96}) {
    for (const std::int64_t out : {1, 3, 16, 24, 100}) {
      Conv2dGeometry g = plain;
      g.kernel_height = g.kernel_width = 1;
      g.pad_top = g.pad_left = 0;
      g.in_height = g.out_height = 13;
      g.in_width = g.out_width = 29;
      g.in_channels = in;
      g.out_channels = out;
      const Operands<float> o = operands<float>(g, integers<float>);
      const auto expected = all_passes(g, Conv2dAlgorithm::reference, o);
      INFO(describe(g));
      for_each_target([&] { REQUIRE(all_passes(g, Conv2dAlgorithm::implicit_gemm, o) == expected); });
    }
  }
}

TEST_CASE("conv2d of many output channels equals the reference when they are divided into strips") {
  for (const std::int64_t groups : {1, 2}) {
    Conv2dGeometry g = plain;
    g.groups = groups;
    g.out_channels = 330 * groups;  // eleven panels of two vectors of sixteen: strips of five and six
    const Operands<float> o = operands<float>(g, integers<float>);
    const auto expected = all_passes(g, Conv2dAlgorithm::reference, o);
    INFO(describe(g));
    for_each_target([&] { REQUIRE(all_passes(g, Conv2dAlgorithm::implicit_gemm, o) == expected); });
  }
}

TEMPLATE_TEST_CASE("conv2d is close to the reference on reals", "", float, double) {
  const Operands<TestType> o = operands<TestType>(plain, reals<TestType>);
  const auto expected = all_passes(plain, Conv2dAlgorithm::reference, o);
  const auto actual = all_passes(plain, Conv2dAlgorithm::implicit_gemm, o);
  const auto require_close = [](const auto& a, const auto& b, std::int64_t terms) {
    // The error of a sum of n terms of magnitude at most 1 is at most n² ulp / 2 in any order; both sides have one.
    const double tolerance = static_cast<double>(terms * terms) * std::numeric_limits<TestType>::epsilon();
    for (std::size_t i = 0; i < a.size(); ++i) {
      REQUIRE(std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) <= tolerance);
    }
  };
  require_close(actual.y, expected.y, plain.in_channels * 9 + 1);
  require_close(actual.dx, expected.dx, plain.out_channels * 9);
  require_close(actual.dweight, expected.dweight, plain.batch * plain.out_height * plain.out_width);
}

TEST_CASE("conv2d gives the same bits at any number of threads") {
  GeometrySource source;
  for (int i = 0; i < 40; ++i) {
    Conv2dGeometry g = source.next();
    g.batch = 7;
    const Operands<float> o = operands<float>(g, reals<float>);
    INFO(describe(g));
    ThreadCount one(1);
    const auto expected = all_passes(g, Conv2dAlgorithm::implicit_gemm, o);
    for (int threads = 2; threads <= 4; ++threads) {
      set_num_threads(threads);
      REQUIRE(all_passes(g, Conv2dAlgorithm::implicit_gemm, o) == expected);
    }
  }
}

TEST_CASE("conv2d of a sample has the same bits alone and in a batch") {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 40; ++i) {
      Conv2dGeometry g = source.next();
      g.batch = 5;
      Operands<float> o = operands<float>(g, reals<float>);
      const auto all = all_passes(g, Conv2dAlgorithm::implicit_gemm, o);
      const auto input = static_cast<std::ptrdiff_t>(sizes(g).input / g.batch);
      const auto output = static_cast<std::ptrdiff_t>(sizes(g).output / g.batch);
      g.batch = 1;
      INFO(describe(g));
      for (std::ptrdiff_t n = 0; n < 5; ++n) {
        const std::vector<float> x(o.x.begin() + n * input, o.x.begin() + (n + 1) * input);
        const std::vector<float> dy(o.dy.begin() + n * output, o.dy.begin() + (n + 1) * output);
        const std::vector<float> y = forward(g, Conv2dAlgorithm::implicit_gemm, x, o.weight, o.bias);
        const std::vector<float> dx = input_gradient(g, Conv2dAlgorithm::implicit_gemm, dy, o.weight, o.in_bias);
        REQUIRE(std::equal(y.begin(), y.end(), all.y.begin() + n * output));
        REQUIRE(std::equal(dx.begin(), dx.end(), all.dx.begin() + n * input));
      }
    }
  });
}

TEST_CASE("the passes of conv2d are adjoint to each other") {
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  GeometrySource source;
  for (int i = 0; i < 100; ++i) {
    const Conv2dGeometry g = source.next();
    const Operands<double> o = operands<double>(g, reals<double>);
    INFO(describe(g));
    const double expected = dot(o.dy, forward(g, Conv2dAlgorithm::implicit_gemm, o.x, o.weight, {}));
    // All three are sums of the same n products of magnitude at most 1. Their error is at most n² ulp / 2 in any order,
    // and typically much smaller than this tolerance.
    const auto terms =
        static_cast<double>(sizes(g).output * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width);
    const double tolerance = 16 * terms * std::numeric_limits<double>::epsilon();
    REQUIRE(std::abs(dot(input_gradient(g, Conv2dAlgorithm::implicit_gemm, o.dy, o.weight), o.x) - expected) <=
            tolerance);
    REQUIRE(std::abs(dot(weight_gradient(g, Conv2dAlgorithm::implicit_gemm, o.x, o.dy), o.weight) - expected) <=
            tolerance);
  }
}

TEST_CASE("conv2d of a window in the padding is the bias") {
  Conv2dGeometry g = plain;
  g.pad_top = 20;
  g.out_height = 9 + 40 - 2;
  const Operands<float> o = operands<float>(g, reals<float>);
  const std::vector<float> y = forward(g, Conv2dAlgorithm::implicit_gemm, o.x, o.weight, o.bias);
  for (std::int64_t i = 0; i < 18 * g.out_width * g.out_channels; ++i) {
    REQUIRE(y[static_cast<std::size_t>(i)] == o.bias[static_cast<std::size_t>(i % g.out_channels)]);
  }
}

TEST_CASE("conv2d of an empty batch reads nothing and has a weight gradient of zero") {
  Conv2dGeometry g = plain;
  g.batch = 0;
  for (const auto algorithm : {Conv2dAlgorithm::reference, Conv2dAlgorithm::implicit_gemm}) {
    std::vector<float> dweight(static_cast<std::size_t>(sizes(g).weight), 99.0F);
    const auto memory = workspace(conv2d_workspace<float>(g, Conv2dPass::weight_gradient, algorithm));
    conv2d_weight_gradient<float>(g, algorithm, nullptr, nullptr, dweight.data(), memory.get());
    REQUIRE(std::all_of(dweight.begin(), dweight.end(), [](float value) { return value == 0; }));
    conv2d_forward<float>(g, algorithm, nullptr, nullptr, nullptr, nullptr, nullptr);
    conv2d_input_gradient<float>(g, algorithm, nullptr, nullptr, nullptr, nullptr, nullptr);
  }
}

TEST_CASE("conv2d without outputs has an input gradient of zero") {
  Conv2dGeometry g = plain;
  g.out_height = 0;
  g.in_height = 1;
  g.pad_top = 0;
  const std::vector<float> weight = reals<float>(sizes(g).weight, 1);
  for (const float value : input_gradient<float>(g, Conv2dAlgorithm::implicit_gemm, {}, weight)) REQUIRE(value == 0);
}

TEST_CASE("conv2d handles dilation and padding far larger than the image") {
  Conv2dGeometry g = plain;
  g.dilation_height = g.dilation_width = 1000;
  g.pad_top = g.pad_left = 1000;
  const Operands<float> o = operands<float>(g, integers<float>);
  REQUIRE(all_passes(g, Conv2dAlgorithm::implicit_gemm, o) == all_passes(g, Conv2dAlgorithm::reference, o));
}

TEST_CASE("conv2d handles steps whose products overflow") {
  // With 2⁶¹ the number of pixels that a block covers is a small multiple of 2⁶² plus a few; multiplied by a multiple
  // of 4, it would wrap around to a small number.
  for (const std::int64_t step : {std::int64_t{1} << 40, std::int64_t{1} << 61}) {
    for (std::int64_t width = 4; width < 12; ++width) {
      Conv2dGeometry g = plain;
      g.in_width = g.out_width = width;
      g.dilation_height = g.dilation_width = g.pad_top = g.pad_left = step;
      const Operands<float> o = operands<float>(g, integers<float>);
      INFO(describe(g));
      REQUIRE(all_passes(g, Conv2dAlgorithm::implicit_gemm, o) == all_passes(g, Conv2dAlgorithm::reference, o));
    }
  }
  Conv2dGeometry strided = plain;
  strided.stride_height = strided.stride_width = std::int64_t{1} << 40;
  strided.out_height = strided.out_width = 1;
  const Operands<float> few = operands<float>(strided, integers<float>);
  REQUIRE(all_passes(strided, Conv2dAlgorithm::implicit_gemm, few) ==
          all_passes(strided, Conv2dAlgorithm::reference, few));
}

TEST_CASE("the workspace of conv2d is counted in 64 bits and never wraps around") {
  const ThreadCount one(1);
  Conv2dGeometry g = plain;
  g.in_channels = g.out_channels = 1 << 16;
  g.in_height = g.in_width = g.out_height = g.out_width = 1 << 16;
  // Packed weights of 2³² · 9 floats.
  REQUIRE(conv2d_workspace<float>(g, Conv2dPass::forward, Conv2dAlgorithm::implicit_gemm) >=
          (std::size_t{1} << 32) * 9 * sizeof(float));
  REQUIRE(conv2d_workspace<float>(g, Conv2dPass::input_gradient, Conv2dAlgorithm::implicit_gemm) >=
          (std::size_t{1} << 32) * 9 * sizeof(float));
  REQUIRE(conv2d_workspace<float>(g, Conv2dPass::weight_gradient, Conv2dAlgorithm::implicit_gemm) >=
          (std::size_t{1} << 32) * 9 * sizeof(float));
  g.groups = g.in_channels = g.out_channels = std::int64_t{1} << 32;
  REQUIRE(conv2d_workspace<float>(g, Conv2dPass::forward, Conv2dAlgorithm::depthwise) >=
          (std::size_t{1} << 32) * 9 * sizeof(float));

  // Windows of 2⁵² elements each, farther apart than their copies: the scratch memory of four threads has more bytes
  // than int64 can represent.
  set_num_threads(4);
  Conv2dGeometry wide = plain;
  wide.in_channels = 1 << 12;
  wide.kernel_height = wide.kernel_width = wide.pad_top = wide.pad_left = 1 << 20;
  wide.dilation_height = wide.dilation_width = 1 << 5;
  wide.in_height = wide.in_width = wide.out_height = wide.out_width = 1 << 25;
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  REQUIRE(conv2d_workspace<double>(wide, Conv2dPass::forward, Conv2dAlgorithm::implicit_gemm) == most);
  REQUIRE(conv2d_workspace<double>(wide, Conv2dPass::weight_gradient, Conv2dAlgorithm::implicit_gemm) == most);
}

TEST_CASE("choose_algorithm returns the implicit GEMM for convolutions of many channels") {
  REQUIRE(choose_algorithm<float>(plain, /*allow_winograd=*/false) == Conv2dAlgorithm::implicit_gemm);
}

}  // namespace test_conv2d
