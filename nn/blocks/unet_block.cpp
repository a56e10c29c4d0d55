#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/blocks/unet_block.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {

UNetBlock::UNetBlock(const Options& options) : options_(options) {
  append(conv3x3(options.in_channels, options.out_channels));
  append(BatchNorm2d({.num_features = options.out_channels}));
  append(ReLU());
  append(conv3x3(options.out_channels, options.out_channels));
  append(BatchNorm2d({.num_features = options.out_channels}));
  append(ReLU());
}

}  // namespace tapestry::nn
