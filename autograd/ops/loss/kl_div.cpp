#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/flushed.hpp>
#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct KlDivergence {
  static constexpr std::string_view name = "kl_div";

  template <class T>
  T value(T x, T t) const {
    return t == 0 ? 0 : t * (std::log(t) - x);
  }
  template <class V>
  V by_input(const V&, const V& t) const {
    return -t;
  }
  template <class T>
  T by_target(T x, T t) const {
    return std::log(detail::flushed(t)) + 1 - x;
  }
  Tensor by_target(const Tensor& x, const Tensor& t) const { return log(t) + 1 - x; }
};

/// The terms for a target given as logarithms.
struct LogKlDivergence {
  static constexpr std::string_view name = "kl_div";

  // A probability of 0, the logarithm −∞, contributes nothing.
  template <class T>
  T value(T x, T t) const {
    const T probability = std::exp(t);
    return probability == 0 ? 0 : probability * (t - x);
  }
  template <class V>
  V by_input(const V&, const V& t) const {
    using std::exp;
    return -exp(t);
  }
  template <class T>
  T by_target(T x, T t) const {
    const T probability = std::exp(t);
    return probability == 0 ? 0 : probability * (t - x + 1);
  }
  Tensor by_target(const Tensor& x, const Tensor& t) const {
    const Tensor probability = exp(t);
    return probability * where(eq(probability, 0), 0, t - x + 1);
  }
};

std::optional<double> scale_of(const Shape& shape, KlReduction reduction) {
  if (reduction == KlReduction::none) return {};
  if (reduction == KlReduction::sum) return 1;
  if (reduction == KlReduction::mean) return detail::reduction_scale(KlDivergence::name, shape, Reduction::mean);
  if (shape.rank() == 0)
    throw ShapeError(fmt::format("{}: expected samples (N, …) for batch_mean, got a scalar", KlDivergence::name));
  if (shape[0] == 0)
    throw ValueError(
        fmt::format("{}: cannot take the mean of no samples (input {})", KlDivergence::name, to_string(shape)));
  return 1 / static_cast<double>(shape[0]);
}

}  // namespace

Tensor kl_div(const Tensor& input, const Tensor& target, const KlDivOptions& options) {
  detail::check_same_shape(KlDivergence::name, input, target);
  const auto scale = scale_of(input.shape(), options.reduction);
  if (options.log_target)
    return record(detail::PointwiseLoss<LogKlDivergence>{.rule_ = {}, .scale_ = scale}, input, target);
  return record(detail::PointwiseLoss<KlDivergence>{.rule_ = {}, .scale_ = scale}, input, target);
}

}  // namespace tapestry
