// Convolutions with a prologue (an epilogue applied to loaded images) or an epilogue.
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include <tapestry/kernels/elementwise/epilogue.hpp>

#include "catch.hpp"
#include "conv2d_cases.hpp"

namespace test_conv2d_epilogue {

using namespace conv2d_cases;

namespace {

constexpr auto implicit_gemm = Conv2dAlgorithm::implicit_gemm;
constexpr auto depthwise = Conv2dAlgorithm::depthwise;

/// A convolution that reads every pixel of the image once.
Conv2dGeometry pointwise(GeometrySource& source) {
  Conv2dGeometry g = source.next();
  g.kernel_height = g.kernel_width = g.stride_height = g.stride_width = g.groups = 1;
  g.pad_top = g.pad_left = 0;
  g.out_height = g.in_height;
  g.out_width = g.in_width;
  return g;
}

/// Parameters per channel, a different addend for every element, and an activation.
template <class T>
struct Numbers {
  Numbers(std::int64_t channels, std::int64_t elements)
      : mean(reals<T>(channels, 6)),
        rest(reals<T>(channels, 9)),
        scale(reals<T>(channels, 7)),
        bias(reals<T>(channels, 8)),
        addend(reals<T>(elements, 10)) {}

  Epilogue<T> epilogue(bool has_affine, bool has_addend, ActivationKind kind) const {
    return {.affine =
                has_affine ? ChannelAffine<T>{mean.data(), rest.data(), scale.data(), bias.data()} : ChannelAffine<T>{},
            .addend = has_addend ? addend.data() : nullptr,
            .activation = {kind, 0.25}};
  }

  std::vector<T> mean, rest, scale, bias, addend;
};

constexpr auto kinds = std::array{ActivationKind::none,       ActivationKind::relu,        ActivationKind::relu6,
                                  ActivationKind::leaky_relu, ActivationKind::hardsigmoid, ActivationKind::hardswish,
                                  ActivationKind::sigmoid,    ActivationKind::silu,        ActivationKind::gelu,
                                  ActivationKind::gelu_tanh};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class T>
void require_same_when_loaded(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, ActivationKind kind) {
  INFO(describe(g) << " activation " << static_cast<int>(kind));
  REQUIRE(can_load_epilogue(g, algorithm));
  const Operands<T> o = operands<T>(g, reals<T>);
  const Numbers<T> numbers(g.in_channels, 0);
  const Epilogue<T> load = numbers.epilogue(true, false, kind);
  std::vector<T> images(o.x.size());
  apply_epilogue<T>({1, g.batch * g.in_height * g.in_width, g.in_channels}, o.x.data(), load, images.data());

  std::vector<T> y(static_cast<std::size_t>(sizes(g).output), T{99});
  auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::forward, algorithm));
  conv2d_forward<T>(g, algorithm, o.x.data(), o.weight.data(), o.bias.data(), y.data(), memory.get(), load);
  REQUIRE(y == forward(g, algorithm, images, o.weight, o.bias));

  std::vector<T> dweight(static_cast<std::size_t>(sizes(g).weight), T{99});
  memory = workspace(conv2d_workspace<T>(g, Conv2dPass::weight_gradient, algorithm));
  conv2d_weight_gradient<T>(g, algorithm, o.x.data(), o.dy.data(), dweight.data(), memory.get(), load);
  REQUIRE(dweight == weight_gradient(g, algorithm, images, o.dy));
}

/// With every combination of the three parts, and with the results written over the addend.
template <class T>
void require_same_when_stored(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, ActivationKind kind) {
  INFO(describe(g) << " activation " << static_cast<int>(kind));
  REQUIRE(can_store_epilogue(g, algorithm));
  const Operands<T> o = operands<T>(g, reals<T>);
  const std::vector<T> plain_y = forward(g, algorithm, o.x, o.weight, o.bias);
  const std::vector<T> plain_dx = input_gradient(g, algorithm, o.dy, o.weight, {});
  const Numbers<T> of_y(g.out_channels, sizes(g).output), of_dx(g.in_channels, sizes(g).input);
  for (const bool has_affine : {false, true}) {
    for (const bool has_addend : {false, true}) {
      for (const bool is_in_place : {false, true}) {
        if (is_in_place && !has_addend) continue;
        INFO(has_affine << has_addend << is_in_place);
        const auto stored = [&](const Numbers<T>& numbers, const std::vector<T>& plain, std::int64_t channels,
                                const auto& run) {
          Epilogue<T> epilogue = numbers.epilogue(has_affine, has_addend, kind);
          std::vector<T> wanted(plain.size());
          apply_epilogue<T>({1, static_cast<std::int64_t>(plain.size()) / channels, channels}, plain.data(), epilogue,
                            wanted.data());
          std::vector<T> got = is_in_place ? numbers.addend : std::vector<T>(plain.size(), T{99});
          if (is_in_place) epilogue.addend = got.data();
          run(epilogue, got);
          REQUIRE(same_bits(got, wanted));
        };
        stored(of_y, plain_y, g.out_channels, [&](const Epilogue<T>& epilogue, std::vector<T>& y) {
          const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::forward, algorithm));
          conv2d_forward<T>(g, algorithm, o.x.data(), o.weight.data(), o.bias.data(), y.data(), memory.get(), {},
                            epilogue);
        });
        stored(of_dx, plain_dx, g.in_channels, [&](const Epilogue<T>& epilogue, std::vector<T>& dx) {
          const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::input_gradient, algorithm));
          conv2d_input_gradient<T>(g, algorithm, o.dy.data(), o.weight.data(), nullptr, dx.data(), memory.get(),
                                   epilogue);
        });
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a convolution with a prologue has the bits of the two operations in sequence", "", float, double) {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 6; ++i) {
      for (const ActivationKind kind : kinds) {
        require_same_when_loaded<TestType>(pointwise(source), implicit_gemm, kind);
        Conv2dGeometry g = source.next_depthwise();
        g.out_channels = g.in_channels;
        require_same_when_loaded<TestType>(g, depthwise, kind);
      }
    }
  });
}

TEMPLATE_TEST_CASE("a convolution with an epilogue has the bits of the two operations in sequence", "", float, double) {
  for_each_target([] {
    GeometrySource source;
    for (int i = 0; i < 6; ++i) {
      for (const ActivationKind kind : kinds) {
        require_same_when_stored<TestType>(source.next(), implicit_gemm, kind);
        Conv2dGeometry g = source.next_depthwise();
        g.out_channels = g.in_channels;
        require_same_when_stored<TestType>(g, depthwise, kind);
      }
    }
  });
}

TEST_CASE("winograd with an epilogue has the bits of the two operations in sequence") {
  for_each_target([] {
    WinogradSource source;
    for (int i = 0; i < 6; ++i) {
      for (const ActivationKind kind : kinds) {
        require_same_when_stored<float>(source.next(), Conv2dAlgorithm::winograd, kind);
      }
    }
  });
}

// Several bands of rows, several blocks per thread, a partial last block, and results that bypass the caches.
TEST_CASE("a convolution of large images with an epilogue has the bits of the two operations in sequence") {
  Conv2dGeometry g = same_size(3, 97, 53, 41, 97, 97);
  require_same_when_loaded<float>(g, depthwise, ActivationKind::relu);
  g.stride_height = 2;
  g.out_height = 27;
  require_same_when_loaded<float>(g, depthwise, ActivationKind::relu6);
  g.kernel_height = g.kernel_width = g.stride_height = g.groups = 1;
  g.pad_top = g.pad_left = 0;
  g.out_height = g.in_height;
  g.out_channels = 35;
  require_same_when_loaded<float>(g, implicit_gemm, ActivationKind::silu);
  g.batch = 35;
  g.out_channels = 64;
  require_same_when_stored<float>(g, implicit_gemm, ActivationKind::relu);
  require_same_when_stored<float>(same_size(35, 64, 53, 41, 64, 1), Conv2dAlgorithm::winograd, ActivationKind::relu6);
}

TEST_CASE("the other convolutions support neither prologue nor epilogue") {
  GeometrySource source;
  Conv2dGeometry g = pointwise(source);
  REQUIRE_FALSE(can_load_epilogue(g, Conv2dAlgorithm::reference));
  REQUIRE_FALSE(can_store_epilogue(g, Conv2dAlgorithm::reference));
  REQUIRE_FALSE(can_load_epilogue(g, Conv2dAlgorithm::winograd));
  g.kernel_width = 3;
  g.pad_left = 1;
  REQUIRE_FALSE(can_load_epilogue(g, implicit_gemm));
  g = source.next_depthwise();
  g.out_channels = 2 * g.in_channels;
  REQUIRE_FALSE(can_load_epilogue(g, depthwise));
  REQUIRE_FALSE(can_store_epilogue(g, depthwise));
}

}  // namespace test_conv2d_epilogue
