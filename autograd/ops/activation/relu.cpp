#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr std::string_view backward_name = "backward of relu";
  static constexpr std::string_view gradient_name = "relu_gradient";
  static constexpr bool saves_output = true;
  kernels::Activation activation() const { return {kernels::ActivationKind::relu}; }
};

}  // namespace

Tensor relu(const Tensor& x) {
  return detail::record_activation(Relu{}, x);
}

}  // namespace tapestry
