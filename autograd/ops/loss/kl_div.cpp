#include <cmath>

#include <fmt/format.h>

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
  template <class V>
  V by_target(const V& x, const V& t) const {
    using std::log;
    return log(t) + 1 - x;
  }
};

/// The terms for a target given as logarithms.
struct LogKlDivergence {
  static constexpr std::string_view name = "kl_div";

  template <class T>
  T value(T x, T t) const {
    return std::exp(t) * (t - x);
  }
  template <class V>
  V by_input(const V&, const V& t) const {
    using std::exp;
    return -exp(t);
  }
  template <class V>
  V by_target(const V& x, const V& t) const {
    using std::exp;
    return exp(t) * (t - x + 1);
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
