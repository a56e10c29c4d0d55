// Geometries and operands for the tests of convolution, and its passes on vectors.
#pragma once

#include <algorithm>
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

#include <tapestry/kernels/conv/conv2d.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "catch.hpp"
#include "kernels/execution.hpp"
#include "kernels/matrix_cases.hpp"

namespace conv2d_cases {

using namespace tapestry::kernels;
using tapestry::testing::for_each_target;
using tapestry::testing::integers;
using tapestry::testing::ThreadCount;

/// Images of `height` × `width` pixels with 3×3 kernels and one pixel of padding, so that results have the same size.
constexpr Conv2dGeometry same_size(std::int64_t batch, std::int64_t in_channels, std::int64_t height,
                                   std::int64_t width, std::int64_t out_channels, std::int64_t groups = 1) {
  return {.batch = batch,
          .in_channels = in_channels,
          .in_height = height,
          .in_width = width,
          .out_channels = out_channels,
          .out_height = height,
          .out_width = width,
          .kernel_height = 3,
          .kernel_width = 3,
          .stride_height = 1,
          .stride_width = 1,
          .pad_top = 1,
          .pad_left = 1,
          .dilation_height = 1,
          .dilation_width = 1,
          .groups = groups};
}

inline std::string describe(const Conv2dGeometry& g) {
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

inline Sizes sizes(const Conv2dGeometry& g) {
  return {g.batch * g.in_height * g.in_width * g.in_channels, g.batch * g.out_height * g.out_width * g.out_channels,
          g.out_channels * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width};
}

/// Random geometries: unequal axes, odd sizes, and different padding before the first and after the last row and
/// column.
class GeometrySource {
 public:
  Conv2dGeometry next() {
    Conv2dGeometry g{};
    g.groups = below(4) == 0 ? 1 + below(4) : 1;
    g.in_channels = g.groups * channels();
    g.out_channels = g.groups * channels();
    fill_sizes(g);
    return g;
  }

  /// One with groups = in_channels.
  Conv2dGeometry next_depthwise() {
    Conv2dGeometry g{};
    g.groups = g.in_channels = channels();
    g.out_channels = g.groups * (below(3) == 0 ? 2 + below(2) : 1);
    fill_sizes(g);
    return g;
  }

 private:
  void fill_sizes(Conv2dGeometry& g) {
    g.batch = below(20) == 0 ? 0 : 1 + below(4);
    const auto axis = [&](auto& in, auto& out, auto& kernel, auto& stride, auto& pad, auto& dilation) {
      kernel = below(4) == 0 ? 1 : 1 + below(5);
      stride = 1 + below(3);
      dilation = 1 + below(3);
      pad = below(3) == 0 ? 0 : below(kernel * dilation + 1);
      const std::int64_t pad_after = below(3) == 0 ? pad : below(kernel * dilation + 1);
      const std::int64_t span = (kernel - 1) * dilation + 1;
      in = std::max<std::int64_t>(1 + below(23), span - pad - pad_after);
      out = (in + pad + pad_after - span) / stride + 1;
      // A transposed convolution may end with pixels that no window reads.
      if (below(6) == 0) in += below(3 * stride);
    };
    axis(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.pad_top, g.dilation_height);
    axis(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.pad_left, g.dilation_width);
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  std::int64_t channels() {
    constexpr std::int64_t usual[] = {1, 2, 3, 4, 7, 8, 10, 13, 16, 17, 24, 31, 32, 33, 40, 48, 65};
    return usual[below(std::size(usual))];
  }
  std::mt19937_64 random_{20240607};
};

/// 3×3 convolutions at either stride with unequal axes, sizes that leave partial tiles, and all paddings from 0 to 2.
class WinogradSource {
 public:
  Conv2dGeometry next() {
    constexpr std::int64_t channels[] = {1, 3, 4, 8, 13, 16, 17, 24, 32, 33, 48, 64, 70};
    Conv2dGeometry g{};
    g.batch = 1 + below(3);
    g.in_channels = channels[below(std::size(channels))];
    g.out_channels = channels[below(std::size(channels))];
    g.groups = g.dilation_height = g.dilation_width = 1;
    g.stride_height = g.stride_width = 1 + below(2);
    g.kernel_height = g.kernel_width = 3;
    const auto axis = [&](auto& in, auto& out, auto& pad) {
      pad = below(3);
      const std::int64_t pad_after = below(3);
      in = std::max<std::int64_t>(1 + below(14 * g.stride_height), 3 - pad - pad_after);
      out = (in + pad + pad_after - 3) / g.stride_height + 1;
    };
    axis(g.in_height, g.out_height, g.pad_top);
    axis(g.in_width, g.out_width, g.pad_left);
    return g;
  }

 private:
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  std::mt19937_64 random_{20260501};
};

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

/// Exactly as much memory as the kernel requires, filled with values that must not be read.
inline std::unique_ptr<void, FreeWorkspace> workspace(std::size_t bytes) {
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
  conv2d_forward<T>(g, algorithm, x.data(), weight.data(), bias.empty() ? nullptr : bias.data(), y.data(),
                    memory.get());
  return y;
}

/// dx plus the input gradient, written over dx.
template <class T>
std::vector<T> add_input_gradient(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const std::vector<T>& dy,
                                  const std::vector<T>& weight, std::vector<T> dx) {
  const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::input_gradient, algorithm));
  conv2d_input_gradient<T>(g, algorithm, dy.data(), weight.data(), nullptr, dx.data(), memory.get(),
                           {.addend = dx.data()});
  return dx;
}

template <class T>
std::vector<T> input_gradient(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const std::vector<T>& dy,
                              const std::vector<T>& weight, const std::vector<T>& bias = {}) {
  std::vector<T> dx(static_cast<std::size_t>(sizes(g).input), T{99});
  const auto memory = workspace(conv2d_workspace<T>(g, Conv2dPass::input_gradient, algorithm));
  conv2d_input_gradient<T>(g, algorithm, dy.data(), weight.data(), bias.empty() ? nullptr : bias.data(), dx.data(),
                           memory.get());
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
  std::vector<T> x, weight, bias, in_bias, dy;
};

template <class T>
Operands<T> operands(const Conv2dGeometry& g, std::vector<T> (*make)(std::int64_t, std::uint64_t)) {
  return {make(sizes(g).input, 1), make(sizes(g).weight, 2), make(g.out_channels, 3), make(g.in_channels, 5),
          make(sizes(g).output, 4)};
}

template <class T>
Results<T> all_passes(const Conv2dGeometry& g, Conv2dAlgorithm algorithm, const Operands<T>& o) {
  return {forward(g, algorithm, o.x, o.weight, o.bias), input_gradient(g, algorithm, o.dy, o.weight, o.in_bias),
          weight_gradient(g, algorithm, o.x, o.dy)};
}

}  // namespace conv2d_cases
