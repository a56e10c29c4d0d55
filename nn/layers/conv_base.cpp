#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv1d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/conv_transpose1d.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>

namespace tapestry::nn {
namespace {

void check_channels(std::string_view layer, std::int64_t in, std::int64_t out, std::int64_t groups) {
  if (in < 1 || out < 1) throw ValueError(fmt::format("{}: channels must be at least 1, got {} → {}", layer, in, out));
  if (in % groups != 0 || out % groups != 0) {
    throw ValueError(fmt::format("{}: groups {} must divide both channel counts, got {} → {}", layer, groups, in, out));
  }
}

Shape weight_shape(std::int64_t channels, std::int64_t channels_per_group, std::int64_t kernel) {
  return {channels, channels_per_group, kernel};
}

Shape weight_shape(std::int64_t channels, std::int64_t channels_per_group, Pair kernel) {
  return {channels, channels_per_group, kernel.height, kernel.width};
}

template <class Size, class PaddingType, class ConvOptions>
Shape weight_shape(const ConvLayerOptions<Size, PaddingType, ConvOptions>& options) {
  return weight_shape(options.out_channels, options.in_channels / options.groups, options.kernel_size);
}

template <class Size, class ConvOptions>
Shape weight_shape(const ConvTransposeLayerOptions<Size, ConvOptions>& options) {
  return weight_shape(options.in_channels, options.out_channels / options.groups, options.kernel_size);
}

}  // namespace

template <class LayerOptions>
ConvBase<LayerOptions>::ConvBase(std::string_view layer, const Options& options) : options_(options) {
  options.operator_options().check(layer, options.kernel_size);
  check_channels(layer, options.in_channels, options.out_channels, options.groups);
  weight_ = add_parameter("weight", Array::empty(weight_shape(options)));
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_channels}));
  init::default_uniform(weight_, bias_);
}

template class ConvBase<Conv1d::Options>;
template class ConvBase<Conv2d::Options>;
template class ConvBase<ConvTranspose1d::Options>;
template class ConvBase<ConvTranspose2d::Options>;

}  // namespace tapestry::nn
