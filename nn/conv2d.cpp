#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/conv2d.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::nn {
namespace {

Shape checked_weight_shape(const Conv2d::Options& options) {
  const Pair kernel = options.kernel_size;
  check_conv2d_options("Conv2d", {options.stride, options.padding, options.dilation, options.groups}, kernel);
  const std::int64_t in = options.in_channels;
  const std::int64_t out = options.out_channels;
  if (in < 1 || out < 1) throw ValueError(fmt::format("Conv2d: channels must be at least 1, got {} → {}", in, out));
  if (in % options.groups != 0 || out % options.groups != 0) {
    throw ValueError(
        fmt::format("Conv2d: groups {} must divide both channel counts, got {} → {}", options.groups, in, out));
  }
  return {out, in / options.groups, kernel.height, kernel.width};
}

}  // namespace

Conv2d::Conv2d(const Options& options)
    : options_{options.stride, options.padding, options.dilation, options.groups},
      weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  const double bound = 1 / std::sqrt(static_cast<double>(init::fan(weight_.shape(), init::FanMode::fan_in)));
  init::uniform(weight_, -bound, bound);
  if (options.bias) bias_ = init::uniform(add_parameter("bias", Array::empty({options.out_channels})), -bound, bound);
}

Tensor Conv2d::forward(const Tensor& x) {
  return conv2d(x, weight_, bias_, options_);
}

}  // namespace tapestry::nn
