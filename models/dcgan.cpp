#include <tapestry/models/dcgan.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>

namespace tapestry::models {
namespace {

void append_enlargement(nn::Sequential& layers, std::int64_t in, std::int64_t out, Upsampling upsampling) {
  if (upsampling == Upsampling::resize_convolution) {
    layers.append(detail::resize_convolution(in, out, false));
  } else {
    layers.append(nn::ConvTranspose2d(
        {.in_channels = in, .out_channels = out, .kernel_size = 4, .stride = 2, .padding = 1, .bias = false}));
  }
}

nn::Sequential generator(const DcganGenerator::Options& options) {
  std::int64_t channels = 4 * options.base_channels;
  nn::Sequential layers;
  layers.append(
      nn::ConvTranspose2d({.in_channels = options.latent, .out_channels = channels, .kernel_size = 4, .bias = false}));
  layers.append(nn::BatchNorm2d({.num_features = channels}));
  layers.append(nn::ReLU());
  for (; channels > options.base_channels; channels /= 2) {
    append_enlargement(layers, channels, channels / 2, options.upsampling);
    layers.append(nn::BatchNorm2d({.num_features = channels / 2}));
    layers.append(nn::ReLU());
  }
  append_enlargement(layers, channels, options.channels, options.upsampling);
  layers.append(nn::Tanh());
  return layers;
}

nn::Conv2d halve(std::int64_t in, std::int64_t out) {
  return nn::Conv2d(
      {.in_channels = in, .out_channels = out, .kernel_size = 4, .stride = 2, .padding = 1, .bias = false});
}

nn::Sequential discriminator(const DcganDiscriminator::Options& options) {
  std::int64_t channels = options.base_channels;
  nn::Sequential layers = nn::sequential({halve(options.channels, channels), nn::LeakyReLU({.negative_slope = 0.2})});
  for (; channels < 4 * options.base_channels; channels *= 2) {
    layers.append(halve(channels, 2 * channels));
    layers.append(nn::BatchNorm2d({.num_features = 2 * channels}));
    layers.append(nn::LeakyReLU({.negative_slope = 0.2}));
  }
  layers.append(nn::Conv2d({.in_channels = channels, .out_channels = 1, .kernel_size = 4, .bias = false}));
  return layers;
}

/// The initial weights of Radford et al., section 4.
void fill(nn::ModuleBase& module) {
  for (const auto& [name, parameter] : module.named_parameters()) {
    if (parameter.rank() == 4) nn::init::normal(parameter, 0, 0.02);
  }
}

}  // namespace

DcganGenerator::DcganGenerator(const Options& options) : options_(options), main_(add("main", generator(options))) {
  fill(*this);
}

DcganDiscriminator::DcganDiscriminator(const Options& options)
    : options_(options), main_(add("main", discriminator(options))) {
  fill(*this);
}

}  // namespace tapestry::models
