// Defining operators and recording them on the tape.
//
// An operator is a struct with a name, a forward and a backward:
//
//   struct Silu {
//     static constexpr std::string_view name = "silu";
//     SavedTensor x_;
//     Array forward(const Tensor& x);               // checks arguments, computes, saves tensors for backward
//     Array backward(const Array& gradient) const;  // fast
//     Tensor backward(const Tensor& gradient) const;  // made of operators, for create_graph
//   };
//   Tensor silu(const Tensor& x) { return record(Silu{}, x); }
//
// The Array overload may be omitted when it would be no faster. An operator with several inputs returns a std::array or
// std::vector of gradients, one per input; an optional second parameter `const Wanted& wanted` tells which of them are
// needed (the others may be left undefined). A gradient has the shape and dtype of its input. An optional member
// `std::int64_t flops() const` reports the floating-point operations of forward by definition (2 per multiply-add) to
// the profiler; it is called after forward.
//
// A forward that returns a Tensor instead of an Array may defer its value until it is read (lazy_value.hpp).
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry {
namespace detail {

using InputPointers = std::span<const Tensor* const>;

/// Throws a GradError when the saved values of `name` have been released.
[[noreturn]] void throw_released(std::string_view name);
/// Throws a GradError when `value`, computed by `name`, is not finite.
void check_anomaly(std::string_view name, const Array& value);
/// The nodes of the inputs if the operator is to be recorded, else empty.
std::vector<std::shared_ptr<Node>> nodes_to_record(InputPointers inputs);

template <class Result>
std::vector<Tensor> to_gradients(Result result) {
  std::vector<Tensor> gradients;
  if constexpr (std::same_as<Result, Array> || std::same_as<Result, Tensor>) {
    gradients.emplace_back(std::move(result));
  } else {
    gradients.reserve(result.size());
    for (auto& one : result) gradients.emplace_back(std::move(one));
  }
  return gradients;
}

/// Converts to an Array but not to a Tensor.
struct OnlyAnArray {
  operator const Array&() const;  // NOLINT: implicit
};

/// The array of a gradient, moved out when the tensor was its only owner.
inline Array take_array(Tensor gradient) {
  return gradient.array();
}

template <class Op>
class OpNode final : public Node {
 public:
  OpNode(Op op, std::vector<std::shared_ptr<Node>> inputs, const Tensor& result)
      : Node(std::move(inputs), result.shape(), result.dtype()), op_(std::move(op)) {}

  std::string_view name() const override { return Op::name; }
  std::vector<Tensor> backward(Tensor gradient, const Wanted& wanted) override {
    if (!op_) throw_released(Op::name);
    constexpr bool takes_arrays = requires(OnlyAnArray array) {
      op_->backward(array, wanted);
    }
    || requires(OnlyAnArray array) {
      op_->backward(array);
    };
    if constexpr (takes_arrays) {
      if (!grad_enabled()) return run(take_array(std::move(gradient)), wanted);
    }
    return run(std::move(gradient), wanted);
  }
  void release() override { op_.reset(); }

 private:
  template <class Value>
  std::vector<Tensor> run(Value gradient, const Wanted& wanted) {
    if constexpr (requires { op_->backward(std::move(gradient), wanted); }) {
      return to_gradients(op_->backward(std::move(gradient), wanted));
    } else {
      return to_gradients(op_->backward(std::move(gradient)));
    }
  }

  std::optional<Op> op_;
};

/// Reports the inputs and the output of an operator's forward to the profiler.
void complete(ProfileSpan& span, InputPointers inputs, const Tensor& value, std::int64_t flops);

/// Runs an operator's forward and attaches its node to the result.
template <class Op, class... Inputs>
Tensor run_forward(Op op, InputPointers pointers, const Inputs&... inputs) {
  ProfileSpan span(Op::name);
  Tensor value = naming_out_of_memory(Op::name, [&] { return Tensor(op.forward(inputs...)); });
  if (span.is_on()) {
    std::int64_t flops = 0;
    if constexpr (requires { op.flops(); }) flops = op.flops();
    complete(span, pointers, value, flops);
  }
  if (!lazy_enabled()) value = Tensor(value.array());
  if (anomaly_enabled()) check_anomaly(Op::name, value.array());
  auto nodes = nodes_to_record(pointers);
  if (nodes.empty()) return value;
  return {value, std::shared_ptr<Node>(new OpNode<Op>(std::move(op), std::move(nodes), value), bury)};
}

}  // namespace detail

/// Runs an operator forward and, when recording is enabled and an input requires a gradient, adds it to the tape.
template <class Op, std::same_as<Tensor>... Inputs>
Tensor record(Op op, const Inputs&... inputs) {
  const Tensor* const pointers[] = {&inputs...};
  return detail::run_forward(std::move(op), pointers, inputs...);
}

/// `record` for an operator with any number of inputs.
template <class Op>
Tensor record(Op op, const std::vector<Tensor>& inputs) {
  std::vector<const Tensor*> pointers;
  pointers.reserve(inputs.size());
  for (const Tensor& input : inputs) pointers.push_back(&input);
  return detail::run_forward(std::move(op), pointers, inputs);
}

}  // namespace tapestry
