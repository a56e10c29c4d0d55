#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv_transpose1d.hpp>
#include <tapestry/nn/layers/detail/conv_channels.hpp>

namespace tapestry::nn {
namespace {

ConvTranspose1dOptions operator_options(const ConvTranspose1d::Options& options) {
  return {options.stride, options.padding, options.output_padding, options.groups, options.dilation};
}

Shape checked_weight_shape(const ConvTranspose1d::Options& options) {
  const std::int64_t kernel = options.kernel_size;
  operator_options(options).check("ConvTranspose1d", kernel);
  detail::check_conv_channels("ConvTranspose1d", options.in_channels, options.out_channels, options.groups);
  return {options.in_channels, options.out_channels / options.groups, kernel};
}

}  // namespace

ConvTranspose1d::ConvTranspose1d(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_channels}));
  init::default_uniform(weight_, bias_);
}

Tensor ConvTranspose1d::forward(const Tensor& x) const {
  return conv_transpose1d(x, weight_, bias_, operator_options(options_));
}

}  // namespace tapestry::nn
