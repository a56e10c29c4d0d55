#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <hwy/highway.h>

#include <tapestry/kernels/conv2d.hpp>
#include <tapestry/kernels/parallel.hpp>

#include "catch.hpp"

namespace {

using namespace tapestry::kernels;

std::string describe(const Conv2dGeometry& g) {
  std::ostringstream out;
  out << "batch " << g.batch << " in " << g.in_channels << 'x' << g.in_height << 'x' << g.in_width << " out "
      << g.out_channels << 'x' << g.out_height << 'x' << g.out_width << " kernel " << g.kernel_height << 'x'
      << g.kernel_width << " stride " << g.stride_height << 'x' << g.stride_width << " pad " << g.pad_top << 'x'
      << g.pad_left << " dilation " << g.dilation_height << 'x' << g.dilation_width << " groups " << g.groups;
  return out.str();
}

struct Sizes {
  std::int64_t input, output, weight;
};

Sizes sizes(const Conv2dGeometry& g) {
  return {g.batch * g.in_height * g.in_width * g.in_channels, g.batch * g.out_height * g.out_width * g.out_channels,
          g.out_channels * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width};
}

/// Random geometries: unequal axes, padding after the last row and column unlike that before the first, odd sizes.
class GeometrySource {
 public:
  Conv2dGeometry next() {
    Conv2dGeometry g{};
    g.groups = below(4) == 0 ? 1 + below(4) : 1;
    g.batch = below(20) == 0 ? 0 : 1 + below(4);
    g.in_channels = g.groups * channels();
    g.out_channels = g.groups * channels();
    const auto axis = [&](auto& in, auto& out, auto& kernel, auto& stride, auto& pad, auto& dilation) {
      kernel = below(4) == 0 ? 1 : 1 + below(5);
      stride = 1 + below(3);
      dilation = 1 + below(3);
      pad = below(3) == 0 ? 0 : below(kernel * dilation + 1);
      const std::int64_t pad_after = below(3) == 0 ? pad : below(kernel * dilation + 1);
      const std::int64_t span = (kernel - 1) * dilation + 1;
      in = std::max<std::int64_t>(1 + below(23), span - pad - pad_after);
      out = (in + pad + pad_after - span) / stride + 1;
    };
    axis(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.pad_top, g.dilation_height);
    axis(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.pad_left, g.dilation_width);
    return g;
  }

 private:
  std::int64_t below(std::int64_t bound) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound)); }
  std::int64_t channels() {
    constexpr std::int64_t usual[] = {1, 2, 3, 4, 7, 8, 10, 13, 16, 17, 24, 31, 32, 33, 40, 48, 65};
    return usual[below(std::size(usual))];
  }
  std::mt19937_64 random_{20240607};
};

/// Small integers make every sum exact, whatever its order.
template <class T>
std::vector<T> integers(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> result(static_cast<std::size_t>(size));
  for (T& value : result) value = static_cast<T>(static_cast<std::int64_t>(random() % 9) - 4);
  return result;
}

template <class T>
std::vector<T> reals(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> result(static_cast<std::size_t>(size));
  for (T& value : result) value = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(random));
  return result;
}

struct FreeWorkspace {
  void operator()(void* memory) const { std::free(memory); }
};

/// Exactly as much memory as the kernel asks for, full of what must not be read.
std::unique_ptr<void, FreeWorkspace> workspace(std::size_t bytes) {
  void* const memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0xff, bytes);
  return std::unique_ptr<void, FreeWorkspace>(memory);
}

template <class T>
std::vector<T> forward(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const std::vector<T>& x,
                       const std::vector<T>& weight, const std::vector<T>& bias) {
  std::vector<T> y(static_cast<std::size_t>(sizes(g).output), T{99});
  const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::forward, algorithm));
  conv2d_forward<T>(g, algorithm, x.data(), weight.data(), bias.empty() ? nullptr : bias.data(), y.data(), memory.get());
  return y;
}

template <class T>
std::vector<T> input_gradient(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const std::vector<T>& dy,
                              const std::vector<T>& weight) {
  std::vector<T> dx(static_cast<std::size_t>(sizes(g).input), T{99});
  const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::input_gradient, algorithm));
  conv2d_input_gradient<T>(g, algorithm, dy.data(), weight.data(), dx.data(), memory.get());
  return dx;
}

template <class T>
std::vector<T> weight_gradient(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const std::vector<T>& x,
                               const std::vector<T>& dy) {
  std::vector<T> dweight(static_cast<std::size_t>(sizes(g).weight), T{99});
  const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::weight_gradient, algorithm));
  conv2d_weight_gradient<T>(g, algorithm, x.data(), dy.data(), dweight.data(), memory.get());
  return dweight;
}

template <class T>
struct Results {
  std::vector<T> y, dx, dweight;
  bool operator==(const Results&) const = default;
};

template <class T>
struct Operands {
  std::vector<T> x, weight, bias, dy;
};

template <class T>
Operands<T> operands(const Conv2dGeometry& g, std::vector<T> (*make)(std::int64_t, std::uint64_t)) {
  return {make(sizes(g).input, 1), make(sizes(g).weight, 2), make(g.out_channels, 3), make(sizes(g).output, 4)};
}

template <class T>
Results<T> all_passes(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const Operands<T>& o) {
  return {forward(g, algorithm, o.x, o.weight, o.bias), input_gradient(g, algorithm, o.dy, o.weight),
          weight_gradient(g, algorithm, o.x, o.dy)};
}

/// Runs `body` once on every instruction set that was compiled and that this machine has.
template <class Body>
void on_every_target(const Body& body) {
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    hwy::SetSupportedTargetsForTest(target);
    INFO("target " << hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

class ThreadCount {
 public:
  explicit ThreadCount(int count) : saved_(num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(saved_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int saved_;
};

constexpr Conv2dGeometry plain{.batch = 3,
                               .in_channels = 20,
                               .in_height = 9,
                               .in_width = 11,
                               .out_channels = 37,
                               .out_height = 9,
                               .out_width = 11,
                               .kernel_height = 3,
                               .kernel_width = 3,
                               .stride_height = 1,
                               .stride_width = 1,
                               .pad_top = 1,
                               .pad_left = 1,
                               .dilation_height = 1,
                               .dilation_width = 1,
                               .groups = 1};

}  // namespace

TEMPLATE_TEST_CASE("conv2d equals the reference exactly on integers in every geometry", "", float, double) {
  on_every_target([] {
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

TEMPLATE_TEST_CASE("conv2d is close to the reference on reals", "", float, double) {
  const Operands<TestType> o = operands<TestType>(plain, reals<TestType>);
  const auto expected = all_passes(plain, Conv2dAlgorithm::reference, o);
  const auto actual = all_passes(plain, Conv2dAlgorithm::implicit_gemm, o);
  const auto require_close = [](const auto& a, const auto& b, std::int64_t terms) {
    // A sum of n terms of size at most 1 errs by at most n² ulp / 2 in any order; both sides may.
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

TEST_CASE("conv2d gives a sample the same bits alone and in a batch") {
  on_every_target([] {
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
        const std::vector<float> dx = input_gradient(g, Conv2dAlgorithm::implicit_gemm, dy, o.weight);
        REQUIRE(std::equal(y.begin(), y.end(), all.y.begin() + n * output));
        REQUIRE(std::equal(dx.begin(), dx.end(), all.dx.begin() + n * input));
      }
    }
  });
}

TEST_CASE("conv2d passes are adjoint to one another") {
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
    // All three are sums of the same n products of size at most 1; in any order they err by at most n² ulp / 2, and
    // typically by √n of that, which leaves a wide margin to this.
    const auto terms = static_cast<double>(sizes(g).output * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width);
    const double tolerance = 16 * terms * std::numeric_limits<double>::epsilon();
    REQUIRE(std::abs(dot(input_gradient(g, Conv2dAlgorithm::implicit_gemm, o.dy, o.weight), o.x) - expected) <= tolerance);
    REQUIRE(std::abs(dot(weight_gradient(g, Conv2dAlgorithm::implicit_gemm, o.x, o.dy), o.weight) - expected) <=
            tolerance);
  }
}

TEST_CASE("conv2d of a window that lies in the padding is the bias") {
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
    conv2d_input_gradient<float>(g, algorithm, nullptr, nullptr, nullptr, nullptr);
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

TEST_CASE("choose_algorithm takes the implicit product for every convolution") {
  for (const auto pass : {Conv2dPass::forward, Conv2dPass::input_gradient, Conv2dPass::weight_gradient}) {
    REQUIRE(choose_algorithm(plain, pass) == Conv2dAlgorithm::implicit_gemm);
  }
}
