#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "conv2d_cases.hpp"

namespace test_conv2d_depthwise {

using namespace conv2d_cases;

namespace {

constexpr auto depthwise = Conv2dAlgorithm::depthwise;

constexpr Conv2dGeometry plain = same_size(2, 37, 7, 11, 37, 37);

}  // namespace

TEMPLATE_TEST_CASE("depthwise conv2d equals the reference exactly on integers in every geometry", "", float, double) {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 300; ++i) {
      const Conv2dGeometry g = source.next_depthwise();
      const Operands<TestType> o = operands<TestType>(g, integers<TestType>);
      INFO(describe(g));
      const auto expected = all_passes(g, Conv2dAlgorithm::reference, o);
      const auto actual = all_passes(g, depthwise, o);
      REQUIRE(actual.y == expected.y);
      REQUIRE(actual.dx == expected.dx);
      REQUIRE(actual.dweight == expected.dweight);
    }
  });
}

TEST_CASE("depthwise conv2d with kernels three columns wide equals the reference at every width and stride") {
  for_each_target([] {
    for (std::int64_t i = 0; i < 12 * 3 * 3 * 4; ++i) {
      Conv2dGeometry g = plain;
      g.in_channels = g.out_channels = g.groups = 1 + i % 7 * 6;
      g.kernel_height = 1 + i % 4;
      g.out_width = 1 + i % 12;
      g.stride_width = 1 + i / 12 % 3;
      g.pad_left = i / 36 % 3;
      const std::int64_t pad_right = i / 108 % 4 - 1;  // −1: a column that no window reads
      g.in_width = (g.out_width - 1) * g.stride_width + 3 - g.pad_left - pad_right;
      if (g.in_width < 1) continue;
      g.out_height = g.in_height + 2 - g.kernel_height + 1;
      const Operands<float> o = operands<float>(g, integers<float>);
      INFO(describe(g));
      REQUIRE(all_passes(g, depthwise, o) == all_passes(g, Conv2dAlgorithm::reference, o));
    }
  });
}

// The error of a sum of n terms of magnitude at most 1 is at most n² ulp / 2 in any order; both sides have one.
TEMPLATE_TEST_CASE("depthwise conv2d is close to the reference on reals", "", float, double) {
  GeometrySource source;
  for (int i = 0; i < 100; ++i) {
    const Conv2dGeometry g = source.next_depthwise();
    const Operands<TestType> o = operands<TestType>(g, reals<TestType>);
    INFO(describe(g));
    const auto expected = all_passes(g, Conv2dAlgorithm::reference, o);
    const auto actual = all_passes(g, depthwise, o);
    const auto require_close = [](const auto& a, const auto& b, std::int64_t terms) {
      const double tolerance = static_cast<double>(terms * terms) * std::numeric_limits<TestType>::epsilon();
      for (std::size_t j = 0; j < a.size(); ++j) {
        REQUIRE(std::abs(static_cast<double>(a[j]) - static_cast<double>(b[j])) <= tolerance);
      }
    };
    const std::int64_t taps = g.kernel_height * g.kernel_width;
    require_close(actual.y, expected.y, taps + 1);
    require_close(actual.dx, expected.dx, taps * (g.out_channels / g.groups) + 1);
    require_close(actual.dweight, expected.dweight, g.batch * g.out_height * g.out_width);
  }
}

TEST_CASE("depthwise conv2d gives the same bits at any number of threads") {
  GeometrySource source;
  for (int i = 0; i < 40; ++i) {
    Conv2dGeometry g = source.next_depthwise();
    g.batch = 40;
    const Operands<float> o = operands<float>(g, reals<float>);
    INFO(describe(g));
    ThreadCount one(1);
    const auto expected = all_passes(g, depthwise, o);
    for (int threads = 2; threads <= 4; ++threads) {
      set_num_threads(threads);
      REQUIRE(all_passes(g, depthwise, o) == expected);
    }
  }
}

TEST_CASE("depthwise conv2d of a sample has the same bits alone and in a batch") {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 40; ++i) {
      Conv2dGeometry g = source.next_depthwise();
      g.batch = 3;
      const Operands<float> o = operands<float>(g, reals<float>);
      const auto all = all_passes(g, depthwise, o);
      g.batch = 1;
      INFO(describe(g));
      const auto part = [](const std::vector<float>& values, std::int64_t n, std::int64_t size) {
        return std::vector<float>(values.begin() + n * size, values.begin() + (n + 1) * size);
      };
      for (std::int64_t n = 0; n < 3; ++n) {
        const auto [input, output, weight] = sizes(g);
        REQUIRE(forward(g, depthwise, part(o.x, n, input), o.weight, o.bias) == part(all.y, n, output));
        REQUIRE(input_gradient(g, depthwise, part(o.dy, n, output), o.weight, o.in_bias) == part(all.dx, n, input));
      }
    }
  });
}

TEST_CASE("depthwise conv2d of an empty batch reads nothing and has a weight gradient of zero") {
  Conv2dGeometry g = plain;
  g.batch = 0;
  std::vector<float> dweight(static_cast<std::size_t>(sizes(g).weight), 99.0F);
  const auto memory = workspace(conv2d_workspace<float>(g, Conv2dPass::weight_gradient, depthwise));
  conv2d_weight_gradient<float>(g, depthwise, nullptr, nullptr, dweight.data(), memory.get());
  REQUIRE(std::all_of(dweight.begin(), dweight.end(), [](float value) { return value == 0; }));
  conv2d_forward<float>(g, depthwise, nullptr, nullptr, nullptr, nullptr, nullptr);
  conv2d_input_gradient<float>(g, depthwise, nullptr, nullptr, nullptr, nullptr, nullptr);
}

TEST_CASE("depthwise conv2d handles strides and dilations and padding far larger than the image") {
  Conv2dGeometry g = plain;
  g.dilation_height = g.dilation_width = g.pad_top = g.pad_left = std::int64_t{1} << 40;
  const Operands<float> o = operands<float>(g, integers<float>);
  REQUIRE(all_passes(g, depthwise, o) == all_passes(g, Conv2dAlgorithm::reference, o));

  Conv2dGeometry strided = plain;
  strided.stride_height = strided.stride_width = std::int64_t{1} << 40;
  strided.out_height = strided.out_width = 1;
  const Operands<float> few = operands<float>(strided, integers<float>);
  REQUIRE(all_passes(strided, depthwise, few) == all_passes(strided, Conv2dAlgorithm::reference, few));
}

TEST_CASE("choose_algorithm returns the depthwise kernel if every channel is a group") {
  Conv2dGeometry g = plain;
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/false) == depthwise);
  g.out_channels *= 2;
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/false) == depthwise);
  g.in_channels *= 2;
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/false) == Conv2dAlgorithm::implicit_gemm);
  // A loop over channels is inefficient for a single channel.
  g.in_channels = g.groups = 1;
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/false) == Conv2dAlgorithm::implicit_gemm);
}

}  // namespace test_conv2d_depthwise
