// The gradient of an activation as a lazy value, which the backward of the preceding operator can fuse into its own
// pass.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <tapestry/autograd/detail/lazy_elementwise.hpp>

namespace tapestry::detail {

/// A `kernels::ActivationSource` whose values are arrays.
struct ActivationArrays {
  kernels::Activation activation;
  Array values;
  bool is_output;
  std::shared_ptr<const ChannelNumbers> numbers = nullptr;

  template <class T>
  kernels::ActivationSource<T> over() const {
    return {.activation = activation,
            .values = values.data<T>(),
            .is_output = is_output,
            .affine = numbers ? numbers->affine<T>() : kernels::ChannelAffine<T>{}};
  }
};

/// dy · activation′(x).
class LazyActivationGradient final : public LazyValue {
 public:
  /// `value` is x or, with `is_output`, activation(x).
  LazyActivationGradient(std::string_view name, const Tensor& dy, const Tensor& value, bool is_output,
                         const kernels::Activation& activation);

  const kernels::Activation& activation() const { return activation_; }
  /// True when x is the result of the affine map with these coefficients.
  bool is_after(const std::shared_ptr<const ChannelNumbers>& numbers) const;
  /// dy in the format of the result; nullopt when the result has been computed.
  std::optional<Array> incoming();
  /// Computes the gradient by `body(dy, source, dx)`, which may compute more in the same pass. Returns false, without
  /// calling it, when the gradient has been computed. dx may share the memory of dy.
  using Body = std::function<void(const Array& dy, const ActivationArrays& source, Array& dx)>;
  bool compute_with(const Body& body);

 private:
  Array compute() override;
  void release() override;
  Array run(const Body& body);

  kernels::Activation activation_;
  bool is_output_;
  Tensor dy_;
  Tensor value_;
  std::shared_ptr<const ChannelNumbers> numbers_;  ///< of the affine map that computes x; or null
};

}  // namespace tapestry::detail
