#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/detail/conv_channels.hpp>

namespace tapestry::nn {
namespace {

Conv2dOptions operator_options(const Conv2d::Options& options) {
  return {options.stride, options.padding, options.dilation, options.groups, options.padding_mode};
}

Shape checked_weight_shape(const Conv2d::Options& options) {
  const Pair kernel = options.kernel_size;
  operator_options(options).check("Conv2d", kernel);
  detail::check_conv_channels("Conv2d", options.in_channels, options.out_channels, options.groups);
  return {options.out_channels, options.in_channels / options.groups, kernel.height, kernel.width};
}

}  // namespace

Conv2d::Conv2d(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_channels}));
  init::default_uniform(weight_, bias_);
}

Tensor Conv2d::forward_with(const Tensor& weight, const Tensor& x) const {
  return conv2d(x, weight, bias_, operator_options(options_));
}

Tensor Conv2d::forward(const Tensor& x) const {
  return forward_with(weight_, x);
}

}  // namespace tapestry::nn
