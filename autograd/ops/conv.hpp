// Convolution: cross-correlation, as everywhere in deep learning; the kernel is not flipped.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Zeros around an image: so many on either side, per axis; or `same`, as many as keep the size at stride 1, the odd
/// one after the last pixel.
struct Padding {
  Pair amount = 0;
  bool is_same = false;
  constexpr Padding(std::int64_t both) : amount(both) {}  // NOLINT: implicit by design
  constexpr Padding(Pair pair) : amount(pair) {}          // NOLINT
  constexpr Padding(std::int64_t height, std::int64_t width) : amount(height, width) {}

  static constexpr Padding same() {
    Padding padding = 0;
    padding.is_same = true;
    return padding;
  }
};

struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;
  Pair dilation = 1;  ///< pixels from one kernel element to the next
  std::int64_t groups = 1;
};

/// x (N, C, H, W), weight (K, C / groups, kh, kw), bias (K) or undefined → (N, K, H′, W′), per axis
/// H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1:
/// y[n, k, i, j] = bias[k] + Σ_{c, r, s} weight[k, c, r, s] · x[n, c, i·stride + r·dilation − padding, j·… + s·…],
/// c over the channels of k's group. Computes on channels-last memory. Throws a ShapeError for sizes that do not fit, a
/// ValueError for options out of range, a DTypeError unless all are of one floating dtype. The padding is multiplied as
/// zeros, so that an infinite weight gives NaN where its window touches it.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {});

/// Throws a ValueError naming `operation` for a stride, dilation or kernel below 1, a negative padding, groups below 1,
/// or `same` padding with a stride above 1.
void check_conv2d_options(std::string_view operation, const Conv2dOptions& options, Pair kernel_size);

}  // namespace tapestry
