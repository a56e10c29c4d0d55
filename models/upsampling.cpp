#include <tapestry/models/upsampling.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/resampling.hpp>

namespace tapestry::models::detail {

nn::Sequential resize_convolution(std::int64_t in_channels, std::int64_t out_channels, bool bias) {
  return nn::sequential(
      {nn::Upsample({.scale_factor = 2}),
       nn::Conv2d(
           {.in_channels = in_channels, .out_channels = out_channels, .kernel_size = 3, .padding = 1, .bias = bias})});
}

}  // namespace tapestry::models::detail
