#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

struct Hardswish {
  static constexpr std::string_view name = "hardswish";
  static constexpr std::string_view backward_name = "backward of hardswish";
  static constexpr bool saves_output = false;
  kernels::Activation activation() const { return {kernels::ActivationKind::hardswish}; }

  Tensor gradient(const Tensor& g, const Tensor& x) const {
    return where(le(x, -3), 0, where(ge(x, 3), g, g * (x / 3 + 0.5)));
  }
};

}  // namespace

Tensor hardswish(const Tensor& x) {
  return detail::record_activation(Hardswish{}, x);
}

}  // namespace tapestry
