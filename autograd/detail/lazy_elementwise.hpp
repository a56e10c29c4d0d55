// Elementwise operators as lazy values: parts of an epilogue, which are put together when somebody reads the last.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <tapestry/autograd/detail/lazy_product.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// One part of an epilogue applied to another value. Reading it takes the parts before it along, and a convolution or
/// product before these applies all of them as it stores.
class LazyElementwise final : public LazyValue {
 public:
  /// `part` has numbers, an addend or an activation; a chain has them in this order. The input and the addend have the
  /// format of the result. With `is_kept` the input is kept anyway for as
  /// long as the value may be read: then a large result is computed again rather than kept.
  LazyElementwise(std::string_view name, const Tensor& input, ArrayEpilogue part, bool is_kept = false);

  bool is_costly() const override;
  /// True when an addend can come after it.
  bool takes_addend() const { return order_ == 0; }
  /// The numbers, where the value is an affine map of an array with nothing but an activation after it.
  const std::shared_ptr<const ChannelNumbers>& numbers() const { return numbers_; }

  /// What a value that has not been computed is made of.
  struct Chain {
    Array input;
    ArrayEpilogue epilogue;
  };
  /// Of a value whose input is there and which has no addend: the array, and what would be applied to it. Else, and
  /// where the value has been computed, nullopt.
  static std::optional<Chain> chain_of(const Tensor& value);

 private:
  struct Source {
    Tensor input;
    ArrayEpilogue epilogue;
  };
  Array compute() override;
  void release() override;
  /// The input and the part, unless the value has been computed.
  std::optional<Source> uncomputed();
  Array evaluate(Source& source) const;

  int order_;  ///< of the last part
  Tensor input_;
  ArrayEpilogue part_;
  std::shared_ptr<const ChannelNumbers> numbers_;
};

/// `value`'s lazy value, unless it has been computed or there is none.
std::shared_ptr<LazyValue> pending(const Tensor& value);

/// The same if it is a Lazy.
template <class Lazy>
std::shared_ptr<Lazy> pending_as(const Tensor& value) {
  return std::dynamic_pointer_cast<Lazy>(pending(value));
}

/// Constants that are computed when they are read. `name` is the operator's.
Tensor lazy_affine(std::string_view name, const Tensor& x, std::shared_ptr<const ChannelNumbers> numbers,
                   bool is_kept = false);
/// Of two tensors of one shape and floating dtype.
Tensor lazy_add(std::string_view name, const Tensor& a, const Tensor& b);
Tensor lazy_activation(std::string_view name, const Tensor& x, const kernels::Activation& activation);

}  // namespace tapestry::detail
