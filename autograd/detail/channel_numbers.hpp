// Coefficients of a per-channel affine map, in the dtype of its operand.
#pragma once

#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::detail {

using Channels = std::vector<double>;  ///< one number per channel

class ChannelNumbers {
 public:
  /// (x − mean) · scale + bias, with one element of each per channel.
  ChannelNumbers(DType dtype, const Channels& mean, const Channels& scale, const Channels& bias);
  /// x + bias, with exactly the same bits, for a bias of rank 1.
  static ChannelNumbers shift(const Array& bias);

  template <class T>
  kernels::ChannelAffine<T> affine() const {
    const T* const numbers = numbers_.data<T>();
    const std::int64_t channels = numbers_.size(1);
    return {numbers, numbers + channels, numbers + 2 * channels, numbers + 3 * channels};
  }

 private:
  explicit ChannelNumbers(const Array& numbers) : numbers_(numbers) {}

  Array numbers_;  ///< (4, channels): mean, rounding error of the mean, scale, bias
};

}  // namespace tapestry::detail
