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

/// Sets the weight of the last norm of every basic block and bottleneck within a module to 0: they begin as identities,
/// so that a deep network learns at rates that suit shallow ones (Goyal et al., "Accurate, large minibatch SGD", 2017,
/// section 5.1; torchvision's `zero_init_residual`).
void zero_init_residual(nn::ModuleBase& module);

}  // namespace tapestry::models::detail
