// Stages of blocks and initial weights, shared by several networks.
#pragma once

#include <cstdint>
#include <numbers>

#include <tapestry/nn/init.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models::detail {

/// A sequence of blocks: the first has the given options, the others keep the channels and the size of its result.
template <class Block>
nn::Sequential stage(typename Block::Options options, std::int64_t blocks) {
  nn::Sequential result;
  for (std::int64_t block = 0; block < blocks; ++block) {
    result.append(Block(options));
    options.in_channels = options.out_channels;
    options.stride = 1;
  }
  return result;
}

/// Initializes the weights of all convolutions of a module with `nn::init::kaiming_normal`.
void fill_convolutions(nn::ModuleBase& module, nn::init::FanMode mode = nn::init::FanMode::fan_out,
                       double gain = std::numbers::sqrt2);

/// Makes deep networks trainable at the learning rates of shallow ones: sets the weight of the last norm of every basic
/// block and bottleneck to 0, so that the blocks start as identities (Goyal et al., "Accurate, large minibatch SGD",
/// 2017, section 5.1; torchvision's `zero_init_residual`). The norms of the projections of bottlenecks get weight 1/2:
/// with four times as many channels, the norm of the feature vectors would otherwise double, and the highest stable
/// learning rate of a linear head decreases with its square.
void zero_init_residual(nn::ModuleBase& module);

}  // namespace tapestry::models::detail
