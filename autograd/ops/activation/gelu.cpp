#include <cmath>
#include <numbers>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/activation/detail/bounded.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

using kernels::Activation;
using kernels::ActivationKind;

constexpr double inverse_sqrt2pi = std::numbers::inv_sqrtpi / std::numbers::sqrt2;

/// The derivative of gelu: Φ(x) + x · φ(x).
struct GeluSlope {
  static constexpr std::string_view name = "gelu_slope";
  SavedTensor x_;

  Tensor forward(const Tensor& x) {
    x_ = SavedTensor(x);
    const Tensor ones = Array::full(x.shape(), 1, x.dtype(), x.format());
    return Tensor(make_lazy<detail::LazyActivationGradient>(name, ones, x, /*is_output=*/false,
                                                            Activation{ActivationKind::gelu}));
  }
  Tensor backward(const Tensor& gradient) const {
    // Beyond 100 the density is 0 in both types.
    const Tensor x = detail::bounded(x_.tensor(), 100);
    const Tensor square = x * x;
    return gradient * (inverse_sqrt2pi * exp(-0.5 * square) * (2 - square));
  }
};

struct Gelu {
  static constexpr std::string_view name = "gelu";
  static constexpr std::string_view backward_name = "backward of gelu";
  static constexpr bool saves_output = false;
  Activation activation() const { return {ActivationKind::gelu}; }

  Tensor gradient(const Tensor& g, const Tensor& x) const { return g * record(GeluSlope{}, x); }
};

struct GeluByTanh {
  static constexpr std::string_view name = "gelu";
  static constexpr std::string_view backward_name = "backward of gelu";
  static constexpr bool saves_output = false;
  Activation activation() const { return {ActivationKind::gelu_tanh}; }

  // With u(x) = √(2/π) · (x + 0.044715 · x³) and t = tanh(u): (1 + t) / 2 + x · (1 − t²) · u′ / 2
  Tensor gradient(const Tensor& g, const Tensor& all) const {
    const Tensor x = detail::bounded(all, 100);
    constexpr double scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
    const Tensor square = x * x;
    const Tensor t = tanh(scale * x * (1 + cubic * square));
    const Tensor slope = scale * (1 + 3 * cubic * square);
    return g * (0.5 * (1 + t + x * ((1 - t * t) * slope)));
  }
};

}  // namespace

Tensor gelu(const Tensor& x, const GeluOptions& options) {
  return options.approximate == GeluApproximation::tanh ? detail::record_activation(GeluByTanh{}, x)
                                                        : detail::record_activation(Gelu{}, x);
}

}  // namespace tapestry
