#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct Softplus {
  static constexpr std::string_view name = "softplus";
  SoftplusOptions options_;
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    // ln(1 + eˢ) = max(s, 0) + ln(1 + e^{−|s|}), which never overflows.
    return detail::map_through(
        name, x,
        [](std::int64_t size, auto* values) {
          kernels::vector_exp(size, values);
          kernels::vector_log1p(size, values);
        },
        [options = options_](auto value) {
          using T = decltype(value);
          return -std::abs(value * static_cast<T>(options.beta));
        },
        [options = options_](auto value, auto logarithm) {
          using T = decltype(value);
          const T scaled = value * static_cast<T>(options.beta);
          const T bent = ((scaled > 0 ? scaled : T{0}) + logarithm) / static_cast<T>(options.beta);
          return scaled > static_cast<T>(options.threshold) ? value : bent;
        });
  }

  Array backward(const Array& gradient) const {
    return detail::map_through(
        name, gradient, x_.array(), detail::exp_in_vectors,
        [options = options_](auto x) { return -x * static_cast<decltype(x)>(options.beta); },
        [options = options_](auto g, auto x, auto power) {
          using T = decltype(x);
          const T bent = g / (1 + power);
          return x * static_cast<T>(options.beta) > static_cast<T>(options.threshold) ? g : bent;
        });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor scaled = x_.tensor() * options_.beta;
    return where(gt(scaled, options_.threshold), gradient, gradient * sigmoid(scaled));
  }
};

}  // namespace

Tensor softplus(const Tensor& x, const SoftplusOptions& options) {
  if (!(options.beta > 0)) throw ValueError(fmt::format("softplus: beta must be positive, got {}", options.beta));
  return record(Softplus{.options_ = options}, x);
}

}  // namespace tapestry
