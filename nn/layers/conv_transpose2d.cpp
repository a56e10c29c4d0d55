#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>
#include <tapestry/nn/layers/detail/conv_channels.hpp>

namespace tapestry::nn {
namespace {

ConvTranspose2dOptions operator_options(const ConvTranspose2d::Options& options) {
  return {options.stride, options.padding, options.output_padding, options.groups, options.dilation};
}

Shape checked_weight_shape(const ConvTranspose2d::Options& options) {
  const Pair kernel = options.kernel_size;
  operator_options(options).check("ConvTranspose2d", kernel);
  detail::check_conv_channels("ConvTranspose2d", options.in_channels, options.out_channels, options.groups);
  return {options.in_channels, options.out_channels / options.groups, kernel.height, kernel.width};
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_channels}));
  init::default_uniform(weight_, bias_);
}

Tensor ConvTranspose2d::forward(const Tensor& x) const {
  return conv_transpose2d(x, weight_, bias_, operator_options(options_));
}

}  // namespace tapestry::nn
