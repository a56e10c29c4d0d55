#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/gcn.hpp>

namespace tapestry::models {

Gcn::Gcn(const Options& options)
    : dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
      conv1_(add("conv1", nn::GcnConv({.in_channels = options.in_channels, .out_channels = options.hidden_channels}))),
      conv2_(
          add("conv2", nn::GcnConv({.in_channels = options.hidden_channels, .out_channels = options.out_channels}))) {}

Tensor Gcn::operator()(const Tensor& x, const SparseAdjacency& adjacency) {
  const auto layer = enter();
  const Tensor hidden = relu(conv1_(dropout_(x), adjacency));
  return conv2_(dropout_(hidden), adjacency);
}

}  // namespace tapestry::models
