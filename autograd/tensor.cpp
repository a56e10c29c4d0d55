#include <ostream>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/autograd/tensor_state.hpp>
#include <tapestry/core/detail/print.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

Tensor::Tensor(Array value) {
  if (value.defined()) state_ = std::make_shared<TensorState>(std::move(value), nullptr);
}

Tensor::Tensor(std::shared_ptr<LazyValue> lazy) : state_(std::make_shared<TensorState>(std::move(lazy), nullptr)) {}

Tensor::Tensor(const Tensor& value, std::shared_ptr<Node> producer) {
  if (auto lazy = value.lazy_value()) {
    state_ = std::make_shared<TensorState>(std::move(lazy), std::move(producer));
  } else {
    state_ = std::make_shared<TensorState>(value.array(), std::move(producer));
  }
}

const Array& Tensor::array() const& {
  check_defined();
  return state_->array();
}

Array Tensor::array() const&& {
  return array();
}

const Shape& Tensor::shape() const& {
  check_defined();
  return state_->shape();
}

Shape Tensor::shape() const&& {
  return shape();
}

DType Tensor::dtype() const {
  check_defined();
  return state_->dtype();
}

MemoryFormat Tensor::format() const {
  check_defined();
  return state_->lazy ? state_->lazy->format() : state_->value.format();
}

Tensor Tensor::detach() const {
  check_defined();
  return {*this, nullptr};
}

std::shared_ptr<LazyValue> Tensor::lazy_value() const {
  return defined() ? state_->lazy : nullptr;
}

void Tensor::check_defined() const {
  if (!defined()) throw ValueError("tensor: an undefined tensor has no value");
}

bool Tensor::requires_grad() const {
  return defined() && state_->requires_grad;
}

bool Tensor::is_leaf() const {
  return !requires_grad() || state_->node->is_accumulator();
}

Tensor& Tensor::set_requires_grad(bool requires_grad) & {
  check_defined();
  if (!is_leaf()) {
    throw GradError(
        fmt::format("set_requires_grad: {} was computed by {}; only leaf tensors can be changed\nhint: detach() first",
                    to_string(array()), state_->node->name()));
  }
  if (requires_grad && !is_floating(dtype())) throw_not_floating("set_requires_grad", dtype());
  if (requires_grad && state_->node == nullptr) state_->node = make_accumulator(state_);
  state_->requires_grad = requires_grad;
  return *this;
}

Tensor Tensor::set_requires_grad(bool requires_grad) && {
  return set_requires_grad(requires_grad);
}

void Tensor::set_array(Array value) {
  check_defined();
  if (!is_leaf())
    throw GradError(fmt::format("set_array: {} was computed by {}", to_string(array()), state_->node->name()));
  if (!value.defined()) throw ValueError("set_array: expected a value, got an undefined array");
  if (requires_grad() && !is_floating(value.dtype())) throw_not_floating("set_array", value.dtype());
  if (state_->node) state_->node->set_result(value.shape(), value.dtype());
  state_->value = std::move(value);
  state_->lazy = nullptr;
  state_->is_ready = true;
  state_->grad = Tensor();
}

const Tensor& Tensor::grad() const& {
  check_defined();
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
  check_defined();
  state_->grad = std::move(gradient);
}

void Tensor::backward(const Tensor& seed, const BackwardOptions& options) const {
  tapestry::backward(*this, seed, options);
}

void Tensor::register_hook(Hook hook) const {
  if (!requires_grad()) throw GradError("register_hook: the tensor does not require a gradient");
  state_->node->add_hook(std::move(hook));
}

const std::shared_ptr<Node>& Tensor::node() const& {
  static const std::shared_ptr<Node> none;
  return requires_grad() ? state_->node : none;
}

std::shared_ptr<Node> Tensor::node() const&& {
  return node();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  const Array value = tensor.defined() ? tensor.array() : Array();
  return out << detail::printed(value, "tensor", tensor.requires_grad() ? "requires_grad=true" : "");
}

}  // namespace tapestry
