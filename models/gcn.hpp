// A graph convolutional network of two layers.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/graph.hpp>

namespace tapestry::models {

/// The features of nodes (nodes, in_channels) and their graph → logits (nodes, out_channels): two graph convolutions
/// with a ReLU between them and dropout before each (Kipf and Welling, "Semi-supervised classification with graph
/// convolutional networks", 2017, equation 9). Throws a ValueError for options out of range. Parameters: conv1 and
/// conv2 as in PyTorch Geometric's example.
class Gcn : public nn::ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;      ///< features of a node
    Required<std::int64_t> hidden_channels;  ///< features of a node between the layers
    Required<std::int64_t> out_channels;     ///< logits per node
    double dropout = 0.5;                    ///< probability of dropping a feature
  };

  explicit Gcn(const Options& options) : options_(options) {}
  /// Throws a ShapeError for operands that do not match.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override {
    const Tensor hidden = relu(conv1_(dropout_(x), adjacency));
    return conv2_(dropout_(hidden), adjacency);
  }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Gcn>(options_); }

  Options options_;
  nn::Dropout& dropout_ = add("dropout", nn::Dropout({.p = options_.dropout}));
  nn::GcnConv& conv1_ =
      add("conv1", nn::GcnConv({.in_channels = options_.in_channels, .out_channels = options_.hidden_channels}));
  nn::GcnConv& conv2_ =
      add("conv2", nn::GcnConv({.in_channels = options_.hidden_channels, .out_channels = options_.out_channels}));
};

}  // namespace tapestry::models
