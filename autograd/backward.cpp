#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry {
namespace {

using NodePointer = std::shared_ptr<Node>;

struct EarlierOnTape {
  bool operator()(const NodePointer& a, const NodePointer& b) const { return a->position() < b->position(); }
};

/// The nodes on paths from `root` to any of `targets`, both ends included.
std::unordered_set<const Node*> nodes_between(const NodePointer& root, const std::unordered_set<const Node*>& targets) {
  std::vector<const Node*> reachable = {root.get()};
  std::unordered_set<const Node*> seen = {root.get()};
  for (std::size_t i = 0; i < reachable.size(); ++i) {
    for (const NodePointer& input : reachable[i]->inputs()) {
      if (input && seen.insert(input.get()).second) reachable.push_back(input.get());
    }
  }
  std::sort(reachable.begin(), reachable.end(), [](auto* a, auto* b) { return a->position() < b->position(); });
  std::unordered_set<const Node*> between;
  for (const Node* node : reachable) {
    const auto leads_to_target = [&](const NodePointer& input) { return input && between.contains(input.get()); };
    if (targets.contains(node) || std::any_of(node->inputs().begin(), node->inputs().end(), leads_to_target)) {
      between.insert(node);
    }
  }
  return between;
}

/// Throws a ShapeError or DTypeError that begins with `text` unless shape and dtype are those of the node's result.
void check_matches(std::string_view text, const Tensor& got, const Node& expected) {
  if (got.shape() != expected.shape()) {
    throw ShapeError(fmt::format("{} of shape {}, got {}", text, to_string(expected.shape()), to_string(got.shape())));
  }
  if (got.dtype() != expected.dtype()) {
    throw DTypeError(fmt::format("{} of type {}, got {}", text, to_string(expected.dtype()), to_string(got.dtype())));
  }
}

/// Throws a GradError unless the backward of a node has returned gradients of the number, shapes and dtypes of its
/// inputs.
void check_gradients(const Node& node, const std::vector<Tensor>& gradients, const Wanted& wanted) {
  const auto& inputs = node.inputs();
  if (gradients.size() != inputs.size()) {
    throw GradError(fmt::format("{}: its backward returned {} gradients for {} inputs", node.name(), gradients.size(),
                                inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!wanted[i] || !gradients[i].defined()) continue;
    const Node& input = *inputs[i];
    if (gradients[i].shape() == input.shape() && gradients[i].dtype() == input.dtype()) continue;
    throw GradError(
        fmt::format("{}: expected a gradient {}{} of input {}, got {}{}{}", node.name(), to_string(input.dtype()),
                    to_string(input.shape()), i, to_string(gradients[i].dtype()), to_string(gradients[i].shape()),
                    input.is_accumulator() ? "\nhint: a leaf's value may be replaced by one of another shape "
                                             "or dtype only after backward"
                                           : ""));
  }
}

/// One backward pass, which is recorded itself when recording is enabled.
class Pass {
 public:
  Pass(const BackwardOptions& options, const std::vector<Tensor>& targets)
      : keep_(options.retain_graph || options.create_graph) {
    for (const Tensor& target : targets) captured_.emplace(target.node().get(), Tensor());
  }

  void run(const NodePointer& root, Tensor seed) {
    if (!captured_.empty()) {
      std::unordered_set<const Node*> targets;
      for (const auto& [node, gradient] : captured_) targets.insert(node);
      on_path_ = nodes_between(root, targets);
      if (!on_path_.contains(root.get())) return;
    }
    accumulate(root, std::move(seed));
    // Positions increase along the tape: when a node has the highest one waiting, all of its consumers have run.
    while (!waiting_.empty()) {
      const NodePointer node = waiting_.top();
      waiting_.pop();
      step(node, std::move(gradients_.extract(node.get()).mapped()));
    }
  }

  const Tensor& captured(const Tensor& target) const { return captured_.at(target.node().get()); }

 private:
  void step(const NodePointer& node, Tensor gradient) {
    const CurrentNode current(node);
    // A copy, because a hook may register another hook.
    const std::vector<Tensor::Hook> hooks = node->hooks();
    for (const Tensor::Hook& hook : hooks) apply(hook, gradient, *node);
    if (const auto captured = captured_.find(node.get()); captured != captured_.end()) {
      (void)gradient.array();
      captured->second = gradient;
      if (node->is_accumulator()) return;
    }
    const auto& inputs = node->inputs();
    Wanted wanted(inputs.size());
    std::transform(inputs.begin(), inputs.end(), wanted.begin(),
                   [&](const NodePointer& input) { return is_wanted(input); });
    if (!captured_.empty() && std::none_of(wanted.begin(), wanted.end(), [](bool one) { return one; })) return;
    detail::ProfileSpan span(node->name(), node->layer());
    span.add_input(gradient.dtype(), gradient.shape());
    std::vector<Tensor> gradients;
    try {
      gradients = node->backward(std::move(gradient), wanted);
    } catch (const std::bad_alloc& error) {
      detail::throw_out_of_memory(fmt::format("backward of {}", node->name()), error);
    }
    if (!keep_) node->release();
    check_gradients(*node, gradients, wanted);
    for (const Tensor& one : gradients) {
      if (one.defined()) span.add_output(one.dtype(), one.shape());
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!wanted[i] || !gradients[i].defined()) continue;
      if (!lazy_enabled()) (void)gradients[i].array();
      if (anomaly_enabled()) detail::check_anomaly(node->name(), gradients[i].array());
      accumulate(inputs[i], std::move(gradients[i]));
    }
    span.complete();
  }

  bool is_wanted(const NodePointer& input) const {
    return input && (captured_.empty() || on_path_.contains(input.get()));
  }

  void accumulate(const NodePointer& node, Tensor gradient) {
    const auto [place, is_first] = gradients_.try_emplace(node.get());
    Tensor& sum = place->second;
    sum = is_first ? std::move(gradient) : add(std::exchange(sum, Tensor()), std::move(gradient));
    if (is_first) waiting_.push(node);
  }

  static void apply(const Tensor::Hook& hook, Tensor& gradient, const Node& node) {
    const Tensor replaced = hook(gradient);
    if (replaced.defined()) gradient = grad_enabled() ? replaced : replaced.detach();
    // A hook without a result may have called set_array.
    check_matches("hook: expected a gradient", gradient, node);
  }

  bool keep_;
  std::unordered_map<const Node*, Tensor> captured_;
  std::unordered_set<const Node*> on_path_;
  std::unordered_map<const Node*, Tensor> gradients_;  ///< sums of the gradients that have arrived
  std::priority_queue<NodePointer, std::vector<NodePointer>, EarlierOnTape> waiting_;
};

/// The gradient that the pass starts from.
Tensor start(const Tensor& output, const Tensor& seed) {
  if (!output.requires_grad()) {
    throw GradError(
        fmt::format("backward: {} does not require a gradient and has no history", to_string(output.array())));
  }
  if (!seed.defined()) {
    if (output.numel() != 1) {
      throw GradError(fmt::format("backward: {} is not a scalar\nhint: pass the gradient of the output as a seed",
                                  to_string(output.array())));
    }
    return Array::full(output.shape(), 1, output.dtype());
  }
  check_matches("backward: expected a seed", seed, *output.node());
  return seed;
}

std::vector<Tensor> run(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& seed,
                        const BackwardOptions& options) {
  const Tensor first = start(output, seed);
  const GradMode recording(options.create_graph);
  Pass pass(options, inputs);
  pass.run(output.node(), options.create_graph ? first : first.detach());
  std::vector<Tensor> gradients;
  for (const Tensor& input : inputs) gradients.push_back(pass.captured(input));
  return gradients;
}

}  // namespace

void backward(const Tensor& output, const Tensor& seed, const BackwardOptions& options) {
  run(output, {}, seed, options);
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& seed,
                         const BackwardOptions& options) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) throw GradError(fmt::format("grad: input {} does not require a gradient", i));
  }
  return inputs.empty() ? std::vector<Tensor>() : run(output, inputs, seed, options);
}

}  // namespace tapestry
