// The node at the end of a graph: it accumulates the gradient of a leaf.
#include <utility>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/autograd/tensor_state.hpp>

namespace tapestry {
namespace {

/// Does not keep its leaf alive: a leaf that nothing references needs no gradient.
class Accumulator final : public Node {
 public:
  Accumulator(std::weak_ptr<TensorState> leaf, const Shape& shape, DType dtype)
      : Node({}, shape, dtype), leaf_(std::move(leaf)) {}

  std::string_view name() const override { return "leaf"; }
  bool is_accumulator() const override { return true; }
  void release() override {}

  std::vector<Tensor> backward(Tensor gradient, const Wanted&) override {
    const auto leaf = leaf_.lock();
    // A leaf may be frozen between forward and backward.
    if (!leaf || !leaf->requires_grad) return {};
    Tensor& sum = leaf->grad;
    if (grad_enabled()) {
      sum = sum.defined() ? sum + gradient : gradient;
      return {};
    }
    Array term = detail::take_array(std::move(gradient));
    if (sum.defined()) {
      Array total = detail::take_array(std::exchange(sum, Tensor()));
      accumulate(total, term);
      sum = Tensor(std::move(total));
    } else {
      // A gradient that is shared, with another leaf or as the caller's seed, is copied: it may be scaled in place.
      sum = Tensor(term.is_unique() ? std::move(term) : term.clone());
    }
    return {};
  }

 private:
  std::weak_ptr<TensorState> leaf_;
};

}  // namespace

std::shared_ptr<Node> make_accumulator(const std::shared_ptr<TensorState>& leaf) {
  return {new Accumulator(leaf, leaf->shape(), leaf->dtype()), bury};
}

}  // namespace tapestry
