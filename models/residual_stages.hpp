// What several networks share: stages of blocks and initial weights.
#pragma once

#include <cstdint>
#include <numbers>

#include <tapestry/nn/init.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models::detail {

/// A sequence of blocks: the first has the given options, the others keep its channels and size.
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

/// Overwrites the weights of all convolutions within a module by `nn::init::kaiming_normal`.
void fill_convolutions(nn::ModuleBase& module, nn::init::FanMode mode = nn::init::FanMode::fan_out,
                       double gain = std::numbers::sqrt2);

/// Lets a deep network train at learning rates that suit shallow ones: the last norm of every basic block and
/// bottleneck within a module gets weight 0, so that the blocks start as identities (Goyal et al., "Accurate, large
/// minibatch SGD", 2017, section 5.1; torchvision's `zero_init_residual`). The norms of the projections of bottlenecks
/// get 1/2: with four times as many channels, features would otherwise be twice as long, and the highest learning rate
/// of a linear head falls with the square of their length.
void begin_as_identities(nn::ModuleBase& module);

}  // namespace tapestry::models::detail
