#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// −t · ln σ(x) − (1 − t) · ln(1 − σ(x)) = max(x, 0) − x·t + ln(1 + e^{−|x|})
struct BinaryCrossEntropy {
  static constexpr std::string_view name = "binary_cross_entropy_with_logits";

  template <class T>
  T value(T x, T t) const {
    return (x > 0 ? x : T{0}) - x * t + std::log1p(std::exp(-std::abs(x)));
  }
  template <class T>
  T by_input(T x, T t) const {
    return 1 / (1 + std::exp(-x)) - t;
  }
  Tensor by_input(const Tensor& x, const Tensor& t) const { return sigmoid(x) - t; }
  template <class V>
  V by_target(const V& x, const V&) const {
    return -x;
  }
};

void check_weight(const Tensor& logits, std::string_view argument, const Array& weight) {
  constexpr std::string_view name = BinaryCrossEntropy::name;
  if (!weight.defined()) return;
  detail::check_same_floating(name, logits, weight);
  if (broadcast_shapes(logits.shape(), weight.shape(), name) != logits.shape()) {
    throw ShapeError(fmt::format("{}: {} {} does not broadcast to the logits {}", name, argument,
                                 to_string(weight.shape()), to_string(logits.shape())));
  }
}

}  // namespace

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const BinaryCrossEntropyOptions& options) {
  using Loss = detail::PointwiseLoss<BinaryCrossEntropy>;
  detail::check_same_shape(Loss::name, logits, targets);
  check_weight(logits, "weight", options.weight);
  check_weight(logits, "pos_weight", options.pos_weight);
  const auto scale = detail::reduction_scale(Loss::name, logits.shape(), options.reduction);
  if (!options.weight.defined() && !options.pos_weight.defined()) {
    return record(Loss{.rule_ = {}, .scale_ = scale}, logits, targets);
  }
  Tensor losses;
  if (options.pos_weight.defined()) {
    // −ln σ(x) is the loss where the target is 1, and −ln(1 − σ(x)) = x − ln σ(x).
    const Tensor ones = Array::full(logits.shape(), 1, logits.dtype());
    const Tensor of_one = record(Loss{.rule_ = {}, .scale_ = {}}, logits, ones);
    losses = (1 - targets) * logits + (1 + targets * (Tensor(options.pos_weight) - 1)) * of_one;
  } else {
    losses = record(Loss{.rule_ = {}, .scale_ = {}}, logits, targets);
  }
  if (options.weight.defined()) losses = losses * options.weight;
  return scale ? sum(losses) * *scale : losses;
}

}  // namespace tapestry
