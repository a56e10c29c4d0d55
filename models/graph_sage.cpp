#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/graph_sage.hpp>

namespace tapestry::models {

Tensor GraphSage::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  return conv2_(dropout_(relu(conv1_(x, adjacency))), adjacency);
}

}  // namespace tapestry::models
