// The state shared by all handles of a tensor.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <tapestry/autograd/lazy_value.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

struct TensorState {
  TensorState(Array array, std::shared_ptr<Node> producer)
      : value(std::move(array)), is_ready(true), node(std::move(producer)), requires_grad(node != nullptr) {}
  TensorState(std::shared_ptr<LazyValue> pending, std::shared_ptr<Node> producer)
      : lazy(std::move(pending)), is_ready(false), node(std::move(producer)), requires_grad(node != nullptr) {}

  const Array& array() {
    if (!is_ready.load(std::memory_order_acquire)) lazy->read_into(value, is_ready);
    return value;
  }
  const Shape& shape() const { return lazy ? lazy->shape() : value.shape(); }
  DType dtype() const { return lazy ? lazy->dtype() : value.dtype(); }

  Array value;  ///< undefined while a lazy value has not been read
  std::shared_ptr<LazyValue> lazy;
  std::atomic<bool> is_ready;
  /// The node of the operator that computed the value; for a leaf that requires a gradient, or has required one, the
  /// node that accumulates it.
  std::shared_ptr<Node> node;
  bool requires_grad;  ///< false for a leaf that is frozen
  Tensor grad;
};

}  // namespace tapestry
