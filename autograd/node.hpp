// A node of the tape: an operator that has run, its saved values, and the nodes of its inputs.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry {

/// The inputs whose gradients a backward pass needs; an entry per input.
using Wanted = std::vector<bool>;

/// A recorded operator. Every operator has exactly one output; functions with several outputs use several operators.
class Node {
 public:
  /// `shape` and `dtype` are those of the result.
  Node(std::vector<std::shared_ptr<Node>> inputs, const Shape& shape, DType dtype);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual std::string_view name() const = 0;
  /// The gradients of the inputs (undefined where not needed), given the gradient of the output. With recording enabled
  /// they are computed by operators, so that they can be differentiated.
  virtual std::vector<Tensor> backward(Tensor gradient, const Wanted& wanted) = 0;
  /// Frees the saved values.
  virtual void release() = 0;
  /// True for the node that accumulates the gradient of a leaf.
  virtual bool is_accumulator() const { return false; }

  /// The nodes of the inputs, null for one that requires no gradient.
  const std::vector<std::shared_ptr<Node>>& inputs() const { return inputs_; }
  /// The shape and dtype of the result, which its gradient must have.
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  /// For the node of a leaf whose value is replaced.
  void set_result(const Shape& shape, DType dtype);
  /// The layer that recorded it, for the profiler; null if none.
  const detail::LayerPath& layer() const { return layer_; }
  /// Increases along the tape: greater than the positions of all inputs.
  std::uint64_t position() const { return position_; }
  void add_hook(Tensor::Hook hook) { hooks_.push_back(std::move(hook)); }
  const std::vector<Tensor::Hook>& hooks() const { return hooks_; }

 private:
  friend void bury(Node* node) noexcept;
  std::vector<std::shared_ptr<Node>> inputs_;
  Shape shape_;
  DType dtype_;
  std::vector<Tensor::Hook> hooks_;
  detail::LayerPath layer_;
  std::uint64_t position_;
  Node* next_buried_ = nullptr;
};

/// The deleter of every `std::shared_ptr<Node>`. Deletes chains of nodes iteratively, so their length is not limited by
/// the stack.
void bury(Node* node) noexcept;

/// The node that accumulates the gradient of a leaf.
std::shared_ptr<Node> make_accumulator(const std::shared_ptr<TensorState>& leaf);

namespace detail {

std::shared_ptr<Node>& current_node_slot();

}  // namespace detail

/// The node whose backward is running on this thread; null if none.
const std::shared_ptr<Node>& current_node();

/// Makes a node the current one for its lifetime.
using CurrentNode = detail::ThreadValueGuard<std::shared_ptr<Node>, detail::current_node_slot>;

/// Counts of the tape, process-wide.
struct TapeStatistics {
  std::int64_t live_nodes = 0;   ///< nodes in memory
  std::int64_t saved_bytes = 0;  ///< bytes of their saved arrays
};
TapeStatistics tape_statistics();

/// Adds to the count of saved bytes.
void count_saved_bytes(std::int64_t bytes) noexcept;

}  // namespace tapestry
