// What the residual networks share.
#pragma once

#include <cstdint>

#include <tapestry/nn/sequential.hpp>

namespace tapestry::models::detail {

/// Blocks one after the other, the first by the options given; the others keep its channels and size.
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

/// Overwrites the weights of all convolutions within a module (He et al., "Delving deep into rectifiers", 2015, with
/// the fan of the outputs).
void fill_convolutions(nn::ModuleBase& module);

/// Lets a deep network learn at rates that suit shallow ones: the last norm of every basic block and bottleneck within
/// a module gets weight 0, so that they begin as identities (Goyal et al., "Accurate, large minibatch SGD", 2017,
/// section 5.1; torchvision's `zero_init_residual`). The norms of the projections of bottlenecks get 1/2: features of
/// four times as many channels would else be twice as long, and the rate at which a linear head still learns falls with
/// their square.
void begin_as_identities(nn::ModuleBase& module);

}  // namespace tapestry::models::detail
