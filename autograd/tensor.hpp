// The differentiable value: an Array with its place on the tape and its gradient.
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
struct BackwardOptions;

/// A cheap shared handle: copies see the same value, gradient and history. An Array becomes a constant Tensor by
/// itself. A default-constructed Tensor is undefined and stands for "none" where an argument is optional.
class Tensor {
 public:
  /// Called with the gradient of a tensor when backward has it whole; what it returns takes the gradient's place, an
  /// undefined Tensor leaves it as it is.
  using Hook = std::function<Tensor(const Tensor& gradient)>;

  Tensor() = default;
  Tensor(Array value);  // NOLINT: a constant, implicitly

  bool defined() const { return state_ != nullptr; }
  /// True when both are handles of one tensor.
  bool is_same(const Tensor& other) const { return state_ == other.state_; }
  /// The value, computed now if nobody has read it before.
  const Array& array() const&;
  Array array() const&&;
  const Shape& shape() const&;
  Shape shape() const&&;
  int rank() const { return shape().rank(); }
  std::int64_t size(int axis) const { return shape()[axis]; }
  std::int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  MemoryFormat format() const;
  /// The only element as a double. Throws a ShapeError when there is not exactly one.
  double item() const { return array().item(); }

  /// True when gradients flow to this tensor: it is a leaf that asked for them, or was computed from one on the tape.
  bool requires_grad() const;
  /// True when no recorded operator computed this tensor.
  bool is_leaf() const;
  /// Asks for a gradient (or no longer). Throws a GradError unless this is a leaf, and a DTypeError unless it is
  /// floating.
  Tensor& set_requires_grad(bool requires_grad = true) &;
  Tensor set_requires_grad(bool requires_grad = true) &&;
  /// Replaces the value of a leaf and drops its gradient. Throws a GradError unless this is a leaf.
  void set_array(Array value);
  /// The same value without history.
  Tensor detach() const;

  /// The gradient that backward passes have accumulated in this leaf; undefined when there is none.
  const Tensor& grad() const&;
  Tensor grad() const&&;
  /// Replaces the gradient; undefined takes it away. Throws a ShapeError or DTypeError when it is not like the value.
  void set_grad(Tensor gradient);

  /// Accumulates in every leaf the gradient of this tensor, which must be a scalar. Throws a GradError when it is not,
  /// when it carries no history, or when a saved value has been released or overwritten.
  void backward() const;
  /// The same with a seed (the gradient of this tensor, of its shape; undefined stands for 1) and options.
  void backward(const Tensor& seed, const BackwardOptions& options) const;

  /// Calls `hook` whenever a backward pass has the gradient of this tensor whole. Throws a GradError unless it requires
  /// a gradient. Hooks last as long as the tensor's place on the tape.
  void register_hook(Hook hook) const;

  /// The node that gradients for this tensor are handed to; null when it requires none.
  const std::shared_ptr<Node>& node() const&;
  std::shared_ptr<Node> node() const&&;
  /// How the value is, or was, to be computed; null for one that was there from the beginning.
  std::shared_ptr<LazyValue> lazy_value() const;
  /// A constant that is computed when it is first read.
  explicit Tensor(std::shared_ptr<LazyValue> lazy);
  /// The value of another tensor, computed by `producer`.
  Tensor(const Tensor& value, std::shared_ptr<Node> producer);

 private:
  void check_defined() const;
  std::shared_ptr<TensorState> state_;
};

/// Writes the value as `operator<<` of Array does, and whether it requires a gradient: "tensor([1., 2.],
/// requires_grad=true)".
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

struct BackwardOptions {
  /// Keep what the operators saved, so that the same tape can be run backward again.
  bool retain_graph = false;
  /// Record the backward pass itself, so that gradients can be differentiated; keeps the saved values too. The
  /// gradients of leaves then hold the tape, which holds the leaves: `set_grad({})` frees it.
  bool create_graph = false;
};

}  // namespace tapestry
