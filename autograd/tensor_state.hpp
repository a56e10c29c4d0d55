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
};

}  // namespace tapestry
