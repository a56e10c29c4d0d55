// The forward pass and the input gradient of a convolution as sliding windows, one axis at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include <tapestry/kernels/conv/conv2d.hpp>
#include <tapestry/kernels/conv/conv2d_gather.hpp>

namespace tapestry::kernels {

/// One axis of a convolution.
struct Conv2dAxis {
  std::int64_t in_size, out_size, kernel, stride, pad, dilation;
};

/// The axis along the height.
inline Conv2dAxis vertical(const Conv2dGeometry& g) {
  return {g.in_height, g.out_height, g.kernel_height, g.stride_height, g.pad_top, g.dilation_height};
}

/// The axis along the width.
inline Conv2dAxis horizontal(const Conv2dGeometry& g) {
  return {g.in_width, g.out_width, g.kernel_width, g.stride_width, g.pad_left, g.dilation_width};
}

/// A pass along one axis: a window, the target positions of its results and the kernel positions of its taps. Grid
/// position i is target position target_first + i·target_step; tap t is kernel position kernel_first + t·kernel_step.
struct AxisPass {
  WindowAxis window;
  std::int64_t target_first, target_step;
  std::int64_t kernel_first, kernel_step;
};

/// The windows of the forward pass.
inline AxisPass forward_axis(const Conv2dAxis& a) {
  return {.window = {.count = a.out_size,
                     .source_size = a.in_size,
                     .first = -a.pad,
                     .stride = a.stride,
                     .taps = a.kernel,
                     .dilation = a.dilation},
          .target_first = 0,
          .target_step = 1,
          .kernel_first = 0,
          .kernel_step = 1};
}

/// The number of phases of an axis: the distinct remainders of input positions modulo the stride.
inline std::int64_t phases(const Conv2dAxis& a) {
  return std::min(a.stride, a.in_size);
}

/// The windows over the output gradient that yield the gradients of the inputs phase, phase + stride, phase + 2·stride
/// and so on. Input i meets output o at kernel position j if o·stride = i + pad − j·dilation. Divisibility by the
/// stride depends on the phase alone, and selects every (stride / gcd)-th kernel position.
inline AxisPass input_gradient_axis(const Conv2dAxis& a, std::int64_t phase) {
  const std::int64_t gcd = std::gcd(a.stride, a.dilation);
  const std::int64_t step = a.stride / gcd;
  std::int64_t first = 0;
  const std::int64_t last_first = std::min(step, a.kernel);
  while (first < last_first && (phase + a.pad - first * a.dilation) % a.stride != 0) ++first;
  const std::int64_t taps = first < last_first ? (a.kernel - 1 - first) / step + 1 : 0;
  const std::int64_t last = first + (taps - 1) * step;
  return {.window = {.count = std::max<std::int64_t>((a.in_size - phase + a.stride - 1) / a.stride, 0),
                     .source_size = a.out_size,
                     .first = taps == 0 ? 0 : (phase + a.pad - last * a.dilation) / a.stride,
                     .stride = 1,
                     .taps = taps,
                     .dilation = a.dilation / gcd},
          .target_first = phase,
          .target_step = a.stride,
          .kernel_first = last,
          .kernel_step = -step};
}

}  // namespace tapestry::kernels
