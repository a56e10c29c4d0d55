#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/gcn.hpp>

namespace tapestry::models {

Tensor Gcn::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  const Tensor hidden = relu(conv1_(dropout_(x), adjacency));
  return conv2_(dropout_(hidden), adjacency);
}

}  // namespace tapestry::models
