// A place on the tape: an operator that was run, what it saved, and where its inputs came from.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry {

/// Which inputs of an operator a backward pass wants the gradients of; an entry per input.
using Wanted = std::vector<bool>;

/// A recorded operator. Every operator has one output; what gives several is made of several.
class Node {
 public:
  explicit Node(std::vector<std::shared_ptr<Node>> inputs);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual std::string_view name() const = 0;
  /// The gradients of the inputs (undefined where not wanted) for the gradient of the output. Where recording is on
  /// they are made of operators, so that they can be differentiated.
  virtual std::vector<Tensor> backward(Tensor gradient, const Wanted& wanted) = 0;
  /// Frees what the operator saved.
  virtual void release() = 0;
  /// True for the node that adds up the gradient of a leaf.
  virtual bool is_accumulator() const { return false; }

  /// The nodes of the inputs, null for one that requires no gradient.
  const std::vector<std::shared_ptr<Node>>& inputs() const { return inputs_; }
  /// The layer that recorded it, for a profiler; null when there was none.
  const detail::LayerPath& layer() const { return layer_; }
  /// Grows along the tape: greater than the positions of all inputs.
  std::uint64_t position() const { return position_; }
  void add_hook(Tensor::Hook hook) { hooks_.push_back(std::move(hook)); }
  const std::vector<Tensor::Hook>& hooks() const { return hooks_; }

 private:
  friend void bury(Node* node) noexcept;
  std::vector<std::shared_ptr<Node>> inputs_;
  std::vector<Tensor::Hook> hooks_;
  detail::LayerPath layer_;
  std::uint64_t position_;
  Node* next_buried_ = nullptr;
};

/// Deletes a node. Chains of nodes, of any length, are deleted one after the other rather than each inside the deletion
/// of the one before: the deleter of every `std::shared_ptr<Node>`.
void bury(Node* node) noexcept;

/// The node that accumulates the gradient of a leaf.
std::shared_ptr<Node> make_accumulator(const std::shared_ptr<TensorState>& leaf);

/// The node whose backward runs on this thread; null outside.
const std::shared_ptr<Node>& current_node();

/// Makes a node the current one while it lives.
class CurrentNode {
 public:
  explicit CurrentNode(std::shared_ptr<Node> node);
  ~CurrentNode();
  CurrentNode(const CurrentNode&) = delete;
  CurrentNode& operator=(const CurrentNode&) = delete;

 private:
  std::shared_ptr<Node> previous_;
};

/// What the tape holds, in the whole process.
struct TapeStatistics {
  std::int64_t live_nodes = 0;   ///< nodes in memory
  std::int64_t saved_bytes = 0;  ///< bytes of the arrays that they saved
};
TapeStatistics tape_statistics();

/// Adds to the count of saved bytes.
void count_saved_bytes(std::int64_t bytes) noexcept;

}  // namespace tapestry
