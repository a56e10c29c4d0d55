#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

constexpr std::string_view loss_name = "binary_cross_entropy_with_logits";

/// share · value, where a share of 0 contributes nothing even if the value is infinite.
template <class T>
T part(T share, T value) {
  return share == 0 ? T{0} : share * value;
}

/// ln(1 + eˣ) = −ln(1 − σ(x)), the loss of an x whose target is 0.
template <class T>
T log_one_plus_exp(T x) {
  return (x > 0 ? x : T{0}) + std::log1p(std::exp(-std::abs(x)));
}

template <class T>
T logistic(T x) {
  const T power = std::exp(-std::abs(x));
  return (x < 0 ? power : T{1}) / (1 + power);
}

/// −t · ln σ(x) − (1 − t) · ln(1 − σ(x)). Both terms are kept apart, because their sum would cancel where |x| is large.
struct BinaryCrossEntropy {
  static constexpr std::string_view name = loss_name;

  template <class T>
  T value(T x, T t) const {
    const T common = std::log1p(std::exp(-std::abs(x)));
    return part(t, (x < 0 ? -x : T{0}) + common) + part(1 - t, (x > 0 ? x : T{0}) + common);
  }
  template <class T>
  T by_input(T x, T t) const {
    const T power = std::exp(-std::abs(x));
    const T of_one = x < 0 ? T{1} : power, of_zero = x < 0 ? power : T{1};
    return ((1 - t) * of_zero - t * of_one) / (1 + power);
  }
  Tensor by_input(const Tensor& x, const Tensor& t) const { return (1 - t) * sigmoid(x) - t * sigmoid(-x); }
  template <class V>
  V by_target(const V& x, const V&) const {
    return -x;
  }
};

/// share · ln(1 + eˣ), one of the two terms.
struct BinaryCrossEntropyTerm {
  static constexpr std::string_view name = loss_name;

  template <class T>
  T value(T x, T share) const {
    return part(share, log_one_plus_exp(x));
  }
  template <class T>
  T by_input(T x, T share) const {
    return share * logistic(x);
  }
  Tensor by_input(const Tensor& x, const Tensor& share) const { return share * sigmoid(x); }
  template <class T>
  T by_target(T x, T) const {
    return log_one_plus_exp(x);
  }
  Tensor by_target(const Tensor& x, const Tensor&) const {
    return softplus(x, {.threshold = std::numeric_limits<double>::infinity()});
  }
};

void check_weight(const Tensor& logits, std::string_view argument, const Array& weight) {
  constexpr std::string_view name = loss_name;
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
    const auto term = [](const Tensor& x, const Tensor& share) {
      return detail::pointwise_loss(BinaryCrossEntropyTerm{}, x, share, Reduction::none);
    };
    losses = term(-logits, targets * options.pos_weight) + term(logits, 1 - targets);
  } else {
    losses = record(Loss{.rule_ = {}, .scale_ = {}}, logits, targets);
  }
  if (options.weight.defined()) losses = losses * options.weight;
  return scale ? sum(losses) * *scale : losses;
}

}  // namespace tapestry
