#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/models/gat.hpp>

namespace tapestry::models {

Tensor Gat::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  const Tensor hidden = elu(conv1_(dropout_(x), adjacency));
  return conv2_(dropout_(hidden), adjacency);
}

}  // namespace tapestry::models
