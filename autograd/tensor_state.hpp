// What the handles of one tensor share.
#pragma once

#include <memory>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

struct TensorState {
  Array value;
  /// The producer, or for a leaf that requires a gradient the node that accumulates it.
  std::shared_ptr<Node> node;
  Tensor grad;
  /// Lives with what it is computed from: in the producer, until backward has passed it, and in what saved the value.
  std::weak_ptr<Recipe> recipe;
};

}  // namespace tapestry
