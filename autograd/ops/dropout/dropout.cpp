// dropout, drop_connect and alpha_dropout: elementwise masks, which backward draws again instead of storing them.
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/dropout/detail/random_mask.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

constexpr std::string_view dropout_name = "dropout", drop_connect_name = "drop_connect",
                           alpha_gradient_name = "alpha_dropout_gradient";

/// Kept elements times a factor; linear in x and its own adjoint.
template <const std::string_view& label>
struct Dropout {
  static constexpr std::string_view name = label;
  double p_;
  double factor_;
  RandomStream stream_;

  Array forward(const Tensor& x) const {
    return visit_floating(name, x.dtype(), [&]<class T>() {
      const auto factor = static_cast<T>(factor_);
      return detail::map_masked<T>(x.array(), {stream_, p_}, 0, [factor](T value) { return value * factor; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return record(Dropout{*this}, gradient); }
};

/// a·x + b where x is kept, a·α′ + b where it is dropped.
struct AlphaDropout {
  static constexpr std::string_view name = "alpha_dropout";
  double p_;
  RandomStream stream_;

  double factor() const { return 1 / std::sqrt((1 - p_) * (1 + saturation * saturation * p_)); }

  Array forward(const Tensor& x) const {
    const double a = factor();
    const double b = -a * p_ * saturation;
    return visit_floating(name, x.dtype(), [&]<class T>() {
      const auto slope = static_cast<T>(a);
      const auto shift = static_cast<T>(b);
      return detail::map_masked<T>(x.array(), {stream_, p_}, static_cast<T>(a * saturation + b),
                                   [slope, shift](T value) { return value * slope + shift; });
    });
  }
  Tensor backward(const Tensor& gradient) const {
    return record(Dropout<alpha_gradient_name>{.p_ = p_, .factor_ = factor(), .stream_ = stream_}, gradient);
  }

  static constexpr double saturation = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946;
};

template <const std::string_view& label>
Tensor drop_elements(const Tensor& x, double p, RandomStream& stream) {
  check_dropout_probability(label, p);
  detail::check_floating(label, x);
  const Dropout<label> operation = {.p_ = p, .factor_ = 1 / (1 - p), .stream_ = stream};
  ++stream.step;
  return p == 0 ? x : record(operation, x);
}

}  // namespace

void check_dropout_probability(std::string_view operation, double p) {
  if (!(p >= 0 && p <= 1)) throw ValueError(fmt::format("{}: p must be in [0, 1], got {}", operation, p));
}

Tensor dropout(const Tensor& x, double p, RandomStream& stream) {
  return drop_elements<dropout_name>(x, p, stream);
}

Tensor drop_connect(const Tensor& weight, double p, RandomStream& stream) {
  return drop_elements<drop_connect_name>(weight, p, stream);
}

Tensor alpha_dropout(const Tensor& x, double p, RandomStream& stream) {
  check_dropout_probability(AlphaDropout::name, p);
  detail::check_floating(AlphaDropout::name, x);
  const RandomStream used = stream;
  ++stream.step;
  if (p == 0) return x;
  if (p == 1) return record(Dropout<alpha_gradient_name>{.p_ = 1, .factor_ = 0, .stream_ = used}, x);
  return record(AlphaDropout{.p_ = p, .stream_ = used}, x);
}

}  // namespace tapestry
