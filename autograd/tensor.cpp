#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/autograd/tensor_state.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

Tensor::Tensor(Array value) : Tensor(std::move(value), nullptr) {}

Tensor::Tensor(Array value, std::shared_ptr<Node> producer, const std::shared_ptr<Recipe>& recipe) {
  if (!value.defined()) return;
  state_ = std::make_shared<TensorState>(TensorState{std::move(value), std::move(producer), {}, recipe});
}

const Array& Tensor::array() const& {
  if (!defined()) throw ValueError("tensor: an undefined tensor has no value");
  return state_->value;
}

Array Tensor::array() const&& {
  return array();
}

bool Tensor::requires_grad() const {
  return defined() && state_->node != nullptr;
}

bool Tensor::is_leaf() const {
  return !requires_grad() || state_->node->is_accumulator();
}

Tensor& Tensor::set_requires_grad(bool requires_grad) & {
  if (!is_leaf()) {
    throw GradError(
        fmt::format("set_requires_grad: {} was computed by {}; only leaves can be asked\nhint: detach() first",
                    to_string(array()), state_->node->name()));
  }
  if (requires_grad && !is_floating(dtype())) throw_not_floating("set_requires_grad", dtype());
  if (!requires_grad) {
    state_->node = nullptr;
  } else if (state_->node == nullptr) {
    state_->node = make_accumulator(state_);
  }
  return *this;
}

Tensor Tensor::set_requires_grad(bool requires_grad) && {
  return set_requires_grad(requires_grad);
}

void Tensor::set_array(Array value) {
  if (!is_leaf())
    throw GradError(fmt::format("set_array: {} was computed by {}", to_string(array()), state_->node->name()));
  (void)array();
  state_->value = std::move(value);
  state_->grad = Tensor();
}

const Tensor& Tensor::grad() const& {
  (void)array();
  return state_->grad;
}

Tensor Tensor::grad() const&& {
  return grad();
}

void Tensor::set_grad(Tensor gradient) {
  if (gradient.defined() && gradient.shape() != shape()) {
    throw ShapeError(fmt::format("set_grad: expected {}, got {}", to_string(shape()), to_string(gradient.shape())));
  }
  if (gradient.defined() && gradient.dtype() != dtype()) {
    throw DTypeError(fmt::format("set_grad: expected {}, got {}", to_string(array()), to_string(gradient.array())));
  }
  (void)array();
  state_->grad = std::move(gradient);
}

void Tensor::backward() const {
  backward({}, {});
}

void Tensor::backward(const Tensor& seed, const BackwardOptions& options) const {
  tapestry::backward(*this, seed, options);
}

void Tensor::register_hook(Hook hook) const {
  if (!requires_grad()) throw GradError("register_hook: the tensor requires no gradient");
  state_->node->add_hook(std::move(hook));
}

const std::shared_ptr<Node>& Tensor::node() const& {
  static const std::shared_ptr<Node> none;
  return defined() ? state_->node : none;
}

std::shared_ptr<Node> Tensor::node() const&& {
  return node();
}

std::shared_ptr<Recipe> Tensor::recipe() const {
  return defined() ? state_->recipe.lock() : nullptr;
}

}  // namespace tapestry
