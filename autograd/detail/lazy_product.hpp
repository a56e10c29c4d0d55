// Convolutions and matrix products as lazy values, and the epilogues that they apply as they store.
#pragma once

#include <memory>
#include <optional>

#include <tapestry/autograd/detail/channel_numbers.hpp>
#include <tapestry/autograd/lazy_value.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::detail {

/// A `kernels::Epilogue` whose numbers and addend are arrays.
struct ArrayEpilogue {
  std::shared_ptr<const ChannelNumbers> numbers = nullptr;
  Array addend = {};  ///< in the format of the elements; the result may be written over it where nothing else sees it
  kernels::Activation activation = {};

  bool is_none() const { return !numbers && !addend.defined() && activation.kind == kernels::ActivationKind::none; }
  template <class T>
  kernels::Epilogue<T> over() const {
    return {.affine = numbers ? numbers->affine<T>() : kernels::ChannelAffine<T>{},
            .addend = addend.defined() ? addend.data<T>() : nullptr,
            .activation = activation};
  }
};

/// Elements with the channel running fastest: an image in channels-last memory or a matrix of rows. Other arrays are
/// divided into rows of any length.
kernels::ChannelGeometry rows_of(const Array& x);

/// epilogue(x). Overwrites x or the addend if nothing else refers to its memory.
Array apply(const ArrayEpilogue& epilogue, const Array& x);

/// The result of a convolution or a matrix product.
class LazyProduct : public LazyValue {
 public:
  bool is_costly() const override { return !is_computed(); }
  /// The result with an epilogue applied, which is not kept for other readers; nullopt if the value is not pending.
  std::optional<Array> array_after(const ArrayEpilogue& epilogue);
  /// The number of elements to which at least one product contributes.
  virtual std::int64_t touched() const { return shape().numel(); }

 protected:
  using LazyValue::LazyValue;
  /// Computes the result with an epilogue applied. The lock is held.
  virtual Array compute_after(const ArrayEpilogue& epilogue) = 0;

 private:
  Array compute() override { return compute_after({}); }
};

}  // namespace tapestry::detail
