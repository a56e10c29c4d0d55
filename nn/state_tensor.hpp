// The tensors of a module's state, as members of its class.
#pragma once

#include <utility>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::nn {

/// A parameter or buffer as a member of the class that registered it:
///
///     nn::Parameter gain_ = add_parameter("gain", Array::full({1}, 1));
///
/// It converts to the registered Tensor. Assigning a Tensor copies its values into the registered one, so that the
/// module, its optimizer and `state_dict` see them. A plain Tensor member would silently refer to the new tensor
/// instead and therefore cannot be initialized from the result of `add_parameter` or `add_buffer`. Undefined unless
/// registered.
class StateTensor {
 public:
  StateTensor() = default;
  explicit StateTensor(Tensor registered) : tensor_(std::move(registered)) {}
  StateTensor(StateTensor&&) = default;
  StateTensor& operator=(StateTensor&&) = default;

  /// Copies the values of a tensor of the same shape. Throws a ValueError if this is undefined, and a ShapeError for
  /// another shape.
  StateTensor& operator=(const Tensor& values);

  operator const Tensor&() const& { return tensor_; }  // NOLINT: implicit by design
  operator const Tensor&() const&& = delete;           // NOLINT
  const Tensor* operator->() const { return &tensor_; }
  bool defined() const { return tensor_.defined(); }
  /// The array of the tensor, or an undefined one.
  Array array_if_defined() const { return defined() ? tensor_.array() : Array(); }

 private:
  Tensor tensor_;
};

using Parameter = StateTensor;
using Buffer = StateTensor;

}  // namespace tapestry::nn
