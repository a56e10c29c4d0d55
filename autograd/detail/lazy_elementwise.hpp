// Elementwise operators as lazy values: parts of an epilogue, which are combined when the last one is read.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <tapestry/autograd/detail/lazy_product.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// One part of an epilogue applied to another value. Reading it also applies the pending parts before it; if these
/// follow a pending convolution or product, it applies all of them as it stores.
class LazyElementwise final : public LazyValue {
 public:
  /// `part` has numbers, an addend or an activation; a chain has them in this order. The input and the addend have the
  /// format of the result. With `is_kept`, something else keeps the input for as long as the value may be read; then a
  /// large result is recomputed instead of kept.
  LazyElementwise(std::string_view name, const Tensor& input, ArrayEpilogue part, bool is_kept = false);

  bool is_costly() const override;
  /// True if an addend may follow.
  bool takes_addend() const { return order_ == 0; }
  /// The numbers, if the value is an affine map of an array followed by at most an activation.
  const std::shared_ptr<const ChannelNumbers>& numbers() const { return numbers_; }

  /// The operands of a pending value.
  struct Chain {
    Array input;
    ArrayEpilogue epilogue;
  };
  /// If the value is pending, its input is available and it has no addend: the input and the epilogue to apply to it.
  /// Otherwise nullopt.
  static std::optional<Chain> chain_of(const Tensor& value);

 private:
  struct Source {
    Tensor input;
    ArrayEpilogue epilogue;
  };
  Array compute() override;
  void release() override;
  /// The input and the part if the value is pending.
  std::optional<Source> uncomputed();
  Array evaluate(Source& source) const;

  int order_;  ///< of the last part
  Tensor input_;
  ArrayEpilogue part_;
  std::shared_ptr<const ChannelNumbers> numbers_;
};

/// The lazy value of `value` if it is pending; otherwise null.
std::shared_ptr<LazyValue> pending(const Tensor& value);

/// `pending` if it is of type Lazy; otherwise null.
template <class Lazy>
std::shared_ptr<Lazy> pending_as(const Tensor& value) {
  return std::dynamic_pointer_cast<Lazy>(pending(value));
}

/// Constants that are computed when they are read. `name` is the name of the operator.
Tensor lazy_affine(std::string_view name, const Tensor& x, std::shared_ptr<const ChannelNumbers> numbers,
                   bool is_kept = false);
/// The tensors have the same shape and floating dtype.
Tensor lazy_add(std::string_view name, const Tensor& a, const Tensor& b);
Tensor lazy_activation(std::string_view name, const Tensor& x, const kernels::Activation& activation);

}  // namespace tapestry::detail
