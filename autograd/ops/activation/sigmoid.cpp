#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";
  static constexpr std::string_view backward_name = "backward of sigmoid";
  static constexpr bool saves_output = true;
  kernels::Activation activation() const { return {kernels::ActivationKind::sigmoid}; }

  Tensor gradient(const Tensor& g, const Tensor& y) const { return g * (y * (1 - y)); }
};

}  // namespace

Tensor sigmoid(const Tensor& x) {
  return detail::record_activation(Sigmoid{}, x);
}

}  // namespace tapestry
