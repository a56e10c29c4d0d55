// Losses that are linear far from the target and, except l1_loss, quadratic near it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

constexpr std::string_view l1_name = "l1_loss", smooth_l1_name = "smooth_l1_loss", huber_name = "huber_loss";

/// |x − t|
template <const std::string_view& label>
struct Line {
  static constexpr std::string_view name = label;

  template <class T>
  T value(T x, T t) const {
    return std::abs(x - t);
  }
  /// The sign of x − t: 0 at 0, and NaN for NaN.
  template <class T>
  T by_input(T x, T t) const {
    const T d = x - t;
    const T not_below = d > 0 ? T{1} : d;
    return d < 0 ? T{-1} : not_below;
  }
  Tensor by_input(const Tensor& x, const Tensor& t) const {
    return detail::map_floating(name, x, t, [rule = *this](auto a, auto b) { return rule.by_input(a, b); });
  }
  template <class V>
  V by_target(const V& x, const V& t) const {
    return by_input(t, x);
  }
};

/// With d = |x − t|: d² / (2 · divisor) where d < bound, bound · (d − bound / 2) / divisor elsewhere. Computed from
/// min(d, bound), which needs no branch and makes both ends exact.
template <const std::string_view& label>
struct SquareThenLine {
  static constexpr std::string_view name = label;
  double bound_;
  double divisor_;

  template <class T>
  T value(T x, T t) const {
    const T d = std::abs(x - t);
    const T near = std::min(d, static_cast<T>(bound_));
    return near / static_cast<T>(divisor_) * (d - near / 2);
  }
  template <class T>
  T by_input(T x, T t) const {
    const auto bound = static_cast<T>(bound_);
    return std::max(std::min(x - t, bound), -bound) / static_cast<T>(divisor_);
  }
  Tensor by_input(const Tensor& x, const Tensor& t) const { return clamp(x - t, -bound_, bound_) / divisor_; }
  template <class V>
  V by_target(const V& x, const V& t) const {
    return by_input(t, x);
  }
};

}  // namespace

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return detail::pointwise_loss(Line<l1_name>{}, input, target, reduction);
}

void SmoothL1LossOptions::check(std::string_view operation) const {
  if (beta >= 0 && std::isfinite(beta)) return;
  throw ValueError(fmt::format("{}: beta must be finite and not negative, got {}", operation, beta));
}

void HuberLossOptions::check(std::string_view operation) const {
  if (delta > 0 && std::isfinite(delta)) return;
  throw ValueError(fmt::format("{}: delta must be positive and finite, got {}", operation, delta));
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossOptions& options) {
  options.check(smooth_l1_name);
  const double beta = options.beta;
  if (beta == 0) return detail::pointwise_loss(Line<smooth_l1_name>{}, input, target, options.reduction);
  const SquareThenLine<smooth_l1_name> rule = {.bound_ = beta, .divisor_ = beta};
  return detail::pointwise_loss(rule, input, target, options.reduction);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossOptions& options) {
  options.check(huber_name);
  const SquareThenLine<huber_name> rule = {.bound_ = options.delta, .divisor_ = 1};
  return detail::pointwise_loss(rule, input, target, options.reduction);
}

}  // namespace tapestry
