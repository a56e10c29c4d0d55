#include <algorithm>

#include <tapestry/autograd/detail/channel_numbers.hpp>

namespace tapestry::detail {

ChannelNumbers::ChannelNumbers(DType dtype, const Channels& mean, const Channels& scale, const Channels& bias)
    : numbers_(Array::empty({4, static_cast<std::int64_t>(mean.size())}, dtype)) {
  visit_floating("normalization", dtype, [&]<class T>() {
    T* numbers = numbers_.mutable_data<T>();
    const auto rounded = [](double number) { return static_cast<T>(number); };
    const auto rounding_error = [](double number) {
      return static_cast<T>(number - static_cast<double>(static_cast<T>(number)));
    };
    numbers = std::transform(mean.begin(), mean.end(), numbers, rounded);
    numbers = std::transform(mean.begin(), mean.end(), numbers, rounding_error);
    numbers = std::transform(scale.begin(), scale.end(), numbers, rounded);
    std::transform(bias.begin(), bias.end(), numbers, rounded);
  });
}

ChannelNumbers ChannelNumbers::shift(const Array& bias) {
  const std::int64_t channels = bias.numel();
  Array numbers = Array::zeros({4, channels}, bias.dtype());
  visit_floating("add", bias.dtype(), [&]<class T>() {
    T* const first = numbers.mutable_data<T>();
    std::fill_n(first + 2 * channels, channels, T{1});
    std::copy_n(bias.data<T>(), channels, first + 3 * channels);
  });
  return ChannelNumbers(numbers);
}

}  // namespace tapestry::detail
