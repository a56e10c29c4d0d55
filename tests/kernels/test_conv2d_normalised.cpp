// Convolutions that normalise their images as they read them.
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <tapestry/kernels/norm/channel_norm.hpp>

#include "catch.hpp"
#include "conv2d_cases.hpp"

using namespace conv2d_cases;

namespace {

constexpr auto implicit_gemm = Conv2dAlgorithm::implicit_gemm;
constexpr auto depthwise = Conv2dAlgorithm::depthwise;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// One of those that read every pixel of the image once.
Conv2dGeometry pointwise(GeometrySource& source) {
  Conv2dGeometry g = source.next();
  g.kernel_height = g.kernel_width = g.stride_height = g.stride_width = g.groups = 1;
  g.pad_top = g.pad_left = 0;
  g.out_height = g.in_height;
  g.out_width = g.in_width;
  return g;
}

template <class T>
void require_same_bits(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, std::optional<double> relu_bound) {
  INFO(describe(g));
  REQUIRE(can_normalise(g, algorithm));
  const Operands<T> o = operands<T>(g, reals<T>);
  const auto mean = reals<T>(g.in_channels, 6), rest = reals<T>(g.in_channels, 9), scale = reals<T>(g.in_channels, 7),
             bias = reals<T>(g.in_channels, 8);
  const ChannelAffine<T> affine = {mean.data(), rest.data(), scale.data(), bias.data(), relu_bound};
  std::vector<T> normalised(o.x.size());
  channel_norm_apply<T>({1, g.batch * g.in_height * g.in_width, g.in_channels}, o.x.data(), affine, normalised.data());

  std::vector<T> y(static_cast<std::size_t>(sizes(g).output), T{99});
  auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::forward, algorithm));
  conv2d_forward<T>(g, algorithm, o.x.data(), o.weight.data(), o.bias.data(), y.data(), memory.get(), &affine);
  REQUIRE(y == forward(g, algorithm, normalised, o.weight, o.bias));

  std::vector<T> dweight(static_cast<std::size_t>(sizes(g).weight), T{99});
  memory = workspace(conv2d_workspace<T>(g, Conv2dPass::weight_gradient, algorithm));
  conv2d_weight_gradient<T>(g, algorithm, o.x.data(), o.dy.data(), dweight.data(), memory.get(), &affine);
  REQUIRE(dweight == weight_gradient(g, algorithm, normalised, o.dy));
}

}  // namespace

TEMPLATE_TEST_CASE("a convolution that normalises as it reads has the bits of one after the other", "", float, double) {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 60; ++i) {
      for (const std::optional<double> bound : {std::optional<double>(), std::optional(infinity), std::optional(0.4)}) {
        require_same_bits<TestType>(pointwise(source), implicit_gemm, bound);
        Conv2dGeometry g = source.next_depthwise();
        g.out_channels = g.in_channels;
        require_same_bits<TestType>(g, depthwise, bound);
      }
    }
  });
}

// Several bands of rows, several blocks that one thread takes in turn, and a last one that is not full.
TEST_CASE("so has a convolution of images larger than its caches") {
  Conv2dGeometry g = same_size(3, 97, 53, 41, 97, 97);
  require_same_bits<float>(g, depthwise, infinity);
  g.stride_height = 2;
  g.out_height = 27;
  require_same_bits<float>(g, depthwise, 0.4);
  g.kernel_height = g.kernel_width = g.stride_height = g.groups = 1;
  g.pad_top = g.pad_left = 0;
  g.out_height = g.in_height;
  g.out_channels = 35;
  require_same_bits<float>(g, implicit_gemm, infinity);
}

TEST_CASE("other convolutions do not normalise") {
  GeometrySource source;
  Conv2dGeometry g = pointwise(source);
  REQUIRE_FALSE(can_normalise(g, Conv2dAlgorithm::reference));
  REQUIRE_FALSE(can_normalise(g, Conv2dAlgorithm::winograd));
  g.kernel_width = 3;
  g.pad_left = 1;
  REQUIRE_FALSE(can_normalise(g, implicit_gemm));
  g = source.next_depthwise();
  g.out_channels = 2 * g.in_channels;
  REQUIRE_FALSE(can_normalise(g, depthwise));
}
