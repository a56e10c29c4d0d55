// Tensor: an Array with its gradient and its history on the tape.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include <tapestry/core/array.hpp>

namespace tapestry {

class Node;
class LazyValue;
struct TensorState;

struct BackwardOptions {
  /// Keep the saved values, so that backward can run again over the same tape.
  bool retain_graph = false;
  /// Record the backward pass itself, so that gradients can be differentiated; implies retain_graph. Gradients of
  /// leaves then own the tape, which owns the leaves: `set_grad({})` breaks the cycle.
  bool create_graph = false;
};

/// A cheap shared handle: copies share value, gradient and history. An Array converts implicitly to a constant Tensor.
/// A default-constructed Tensor is undefined and means "none" for optional arguments.
class Tensor {
 public:
  /// Called with the complete gradient of a tensor during backward. The result replaces the gradient; an undefined
  /// Tensor leaves it unchanged.
  using Hook = std::function<Tensor(const Tensor& gradient)>;

  Tensor() = default;
  Tensor(Array value);  // NOLINT: a constant, implicitly

  bool defined() const { return state_ != nullptr; }
  /// True when both are handles of one tensor.
  bool is_same(const Tensor& other) const { return state_ == other.state_; }
  /// The value; computed now if this is the first read.
  const Array& array() const&;
  Array array() const&&;
  const Shape& shape() const&;
  Shape shape() const&&;
  int rank() const { return shape().rank(); }
  std::int64_t size(int axis) const { return shape()[axis]; }
  std::int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  MemoryFormat format() const;
  /// The only element, as a double. Throws a ShapeError unless there is exactly one.
  double item() const { return array().item(); }

  /// True when this is a leaf with gradient tracking enabled, or was computed from such a leaf while recording.
  bool requires_grad() const;
  /// True unless a recorded operator computed this tensor.
  bool is_leaf() const;
  /// Enables or disables gradient tracking; backward passes skip a leaf while it is disabled, also when it was enabled
  /// in forward. Throws a GradError unless this is a leaf, and a DTypeError unless it is floating.
  Tensor& set_requires_grad(bool requires_grad = true) &;
  Tensor set_requires_grad(bool requires_grad = true) &&;
  /// Replaces the value of a leaf, also by one of another shape or dtype, and drops its gradient. Operators that have
  /// run keep the old value for backward, which throws a GradError if the leaf no longer has its shape and dtype.
  /// Throws a GradError unless this is a leaf, a ValueError for an undefined array, and a DTypeError when this requires
  /// a gradient and the array is not floating.
  void set_array(Array value);
  /// The same value without history.
  Tensor detach() const;

  /// The gradient that backward passes have accumulated in this leaf; undefined when there is none.
  const Tensor& grad() const&;
  Tensor grad() const&&;
  /// Replaces the gradient; an undefined Tensor clears it. Throws a ShapeError or DTypeError unless it matches the
  /// value.
  void set_grad(Tensor gradient);

  /// Accumulates the gradient of this tensor in every leaf. `seed` is the gradient of this tensor; undefined means 1,
  /// and then this must be a scalar. Throws as the free function `backward`.
  void backward(const Tensor& seed = {}, const BackwardOptions& options = {}) const;

  /// Calls `hook` in every backward pass when the gradient of this tensor is complete. Throws a GradError unless it
  /// requires a gradient. Hooks live as long as the tensor's node on the tape.
  void register_hook(Hook hook) const;

  /// The node that receives gradients for this tensor; null when it requires none.
  const std::shared_ptr<Node>& node() const&;
  std::shared_ptr<Node> node() const&&;
  /// The lazy value that computes, or computed, this tensor; null for one that was given its value.
  std::shared_ptr<LazyValue> lazy_value() const;
  /// A constant that is computed on first read.
  explicit Tensor(std::shared_ptr<LazyValue> lazy);
  /// The value of another tensor, computed by `producer`.
  Tensor(const Tensor& value, std::shared_ptr<Node> producer);

 private:
  void check_defined() const;
  std::shared_ptr<TensorState> state_;
};

/// Prints the value as `operator<<` of Array does, and whether it requires a gradient: "tensor([1., 2.],
/// requires_grad=true)".
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace tapestry
