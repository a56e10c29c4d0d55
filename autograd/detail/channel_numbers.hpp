// The numbers of an affine map per channel, in the dtype of what is mapped.
#pragma once

#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::detail {

using Channels = std::vector<double>;  ///< a number per channel

class ChannelNumbers {
 public:
  /// (x − mean) · scale + bias; all of one size.
  ChannelNumbers(DType dtype, const Channels& mean, const Channels& scale, const Channels& bias);
  /// x + bias, to the bit, for a bias of rank 1.
  static ChannelNumbers shift(const Array& bias);

  template <class T>
  kernels::ChannelAffine<T> affine() const {
    const T* const numbers = numbers_.data<T>();
    const std::int64_t channels = numbers_.size(1);
    return {numbers, numbers + channels, numbers + 2 * channels, numbers + 3 * channels};
  }

 private:
  explicit ChannelNumbers(const Array& numbers) : numbers_(numbers) {}

  Array numbers_;  ///< (4, channels): mean, rest of the mean, scale, bias
};

}  // namespace tapestry::detail
