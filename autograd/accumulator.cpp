// The end of the tape: the gradient of a leaf is added up.
#include <utility>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/autograd/tensor_state.hpp>

namespace tapestry {
namespace {

/// Knows its leaf, but does not keep it: a leaf that nobody holds needs no gradient.
class Accumulator final : public Node {
 public:
  explicit Accumulator(std::weak_ptr<TensorState> leaf) : Node({}), leaf_(std::move(leaf)) {}

  std::string_view name() const override { return "leaf"; }
  bool is_accumulator() const override { return true; }
  void release() override {}

  std::vector<Tensor> backward(Tensor gradient, const Wanted&) override {
    const auto leaf = leaf_.lock();
    if (!leaf) return {};
    if (grad_enabled()) {
      leaf->grad = leaf->grad.defined() ? leaf->grad + gradient : gradient;
    } else {
      add(*leaf, detail::take_array(std::move(gradient)));
    }
    return {};
  }

 private:
  static void add(TensorState& leaf, Array gradient) {
    if (!leaf.grad.defined()) {
      // A gradient that something else sees (another leaf, the caller's seed) is copied: it may be scaled in place.
      leaf.grad = Tensor(gradient.is_unique() ? std::move(gradient) : gradient.clone());
      return;
    }
    Array sum = detail::take_array(std::exchange(leaf.grad, Tensor()));
    accumulate(sum, gradient);
    leaf.grad = Tensor(std::move(sum));
  }

  std::weak_ptr<TensorState> leaf_;
};

}  // namespace

std::shared_ptr<Node> make_accumulator(const std::shared_ptr<TensorState>& leaf) {
  return {new Accumulator(leaf), bury};
}

}  // namespace tapestry
