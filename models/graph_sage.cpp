#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/graph_sage.hpp>

namespace tapestry::models {

GraphSage::GraphSage(const Options& options)
    : dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
      conv1_(add("conv1", nn::SageConv({.in_channels = options.in_channels,
                                        .out_channels = options.hidden_channels,
                                        .aggregation = options.aggregation}))),
      conv2_(add("conv2", nn::SageConv({.in_channels = options.hidden_channels,
                                        .out_channels = options.out_channels,
                                        .aggregation = options.aggregation}))) {}

Tensor GraphSage::operator()(const Tensor& x, const SparseAdjacency& adjacency) {
  const auto layer = enter();
  return conv2_(dropout_(relu(conv1_(x, adjacency))), adjacency);
}

}  // namespace tapestry::models
