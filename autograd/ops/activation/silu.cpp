#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/activation/detail/bounded.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

struct Silu {
  static constexpr std::string_view name = "silu";
  static constexpr std::string_view backward_name = "backward of silu";
  static constexpr bool saves_output = false;
  kernels::Activation activation() const { return {kernels::ActivationKind::silu}; }

  Tensor gradient(const Tensor& g, const Tensor& all) const {
    const Tensor x = detail::bounded(all, 1e6);
    const Tensor s = sigmoid(x);
    return g * (s * (1 + x * (1 - s)));
  }
};

}  // namespace

Tensor silu(const Tensor& x) {
  return detail::record_activation(Silu{}, x);
}

}  // namespace tapestry
