#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv1d.hpp>
#include <tapestry/nn/layers/detail/conv_channels.hpp>

namespace tapestry::nn {
namespace {

Conv1dOptions operator_options(const Conv1d::Options& options) {
  return {options.stride, options.padding, options.dilation, options.groups, options.padding_mode};
}

Shape checked_weight_shape(const Conv1d::Options& options) {
  const std::int64_t kernel = options.kernel_size;
  operator_options(options).check("Conv1d", kernel);
  detail::check_conv_channels("Conv1d", options.in_channels, options.out_channels, options.groups);
  return {options.out_channels, options.in_channels / options.groups, kernel};
}

}  // namespace

Conv1d::Conv1d(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_channels}));
  init::default_uniform(weight_, bias_);
}

Tensor Conv1d::forward(const Tensor& x) const {
  return conv1d(x, weight_, bias_, operator_options(options_));
}

}  // namespace tapestry::nn
