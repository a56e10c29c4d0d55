#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/gat.hpp>

namespace tapestry::models {

Gat::Gat(const Options& options)
    : dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
      conv1_(add("conv1", nn::GatConv({.in_channels = options.in_channels,
                                       .out_channels = options.hidden_channels,
                                       .heads = options.heads,
                                       .dropout = options.dropout}))),
      conv2_(add("conv2", nn::GatConv({.in_channels = options.heads * options.hidden_channels,
                                       .out_channels = options.out_channels,
                                       .concat = false,
                                       .dropout = options.dropout}))) {}

Tensor Gat::operator()(const Tensor& x, const SparseAdjacency& adjacency) {
  const auto layer = enter();
  const Tensor hidden = elu(conv1_(dropout_(x), adjacency));
  return conv2_(dropout_(hidden), adjacency);
}

}  // namespace tapestry::models
