// batch_norm, and with a ReLU after it batch_norm_relu.
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/piecewise_linear.hpp>
#include <tapestry/autograd/ops/norm/detail/batch_norm_family.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// The gradient of the ReLU as a function of its result.
struct ReluGradient {
  static constexpr std::string_view gradient_name = "batch_norm_relu_gradient";
  double bound_;

  template <class T>
  T gradient(T g, T y) const {
    const auto bound = static_cast<T>(bound_);
    return ((y <= 0) | ((y >= bound) & (bound < std::numeric_limits<T>::infinity()))) ? T{0} : g;
  }
};

/// Of images.
struct BatchNorm {
  static constexpr std::string_view name = "batch_norm";
  detail::BatchNormalisation batch_;

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return batch_.found->apply(batch_.find(x, weight, bias, false));
  }
  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    return batch_.gradients(gradient, wanted);
  }
  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return batch_.gradients(gradient, wanted);
  }
  std::shared_ptr<Recipe> recipe() const { return batch_.recipe(); }
};

struct BatchNormRelu {
  static constexpr std::string_view name = "batch_norm_relu";
  detail::BatchNormalisation batch_;
  double bound_;

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    const bool needs_signs = x.requires_grad() || bias.requires_grad();
    const Array image = batch_.find(x, weight, bias, needs_signs);
    batch_.found->relu_bound = bound_;
    return recipe() ? batch_.found->deferred(image) : batch_.found->apply(image);
  }
  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    return batch_.gradients(gradient, wanted);
  }
  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    detail::PiecewiseLinearGradient<ReluGradient> relu = {{bound_}, SavedTensor(batch_.found->output(current_node()))};
    return batch_.gradients(record(std::move(relu), gradient), wanted);
  }
  std::shared_ptr<Recipe> recipe() const { return batch_.recipe(); }
};

}  // namespace

Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  auto batch =
      detail::checked_batch_normalisation(BatchNorm::name, x, running_mean, running_var, weight, bias, options);
  return detail::in_shape_of(x, record(BatchNorm{std::move(batch)}, detail::as_images(x), weight, bias));
}

Tensor batch_norm_relu(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                       const Tensor& bias, const BatchNormReluOptions& options) {
  const auto& [training, momentum, eps, max_value] = options;
  check_relu_bound(BatchNormRelu::name, max_value);
  auto batch = detail::checked_batch_normalisation(BatchNormRelu::name, x, running_mean, running_var, weight, bias,
                                                   {.training = training, .momentum = momentum, .eps = eps});
  return detail::in_shape_of(x, record(BatchNormRelu{std::move(batch), max_value}, detail::as_images(x), weight, bias));
}

void check_relu_bound(std::string_view operation, double max_value) {
  if (!(max_value > 0)) {
    throw ValueError(fmt::format("{}: max_value must be above 0, got {}", operation, max_value));
  }
}

}  // namespace tapestry
