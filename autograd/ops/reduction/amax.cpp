// amax and amin: extrema over axes.
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/detail/weigh.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/reduce.hpp>
#include <tapestry/kernels/reduction/extremes.hpp>

namespace tapestry {
namespace {

template <bool largest>
struct Extreme {
  static constexpr std::string_view name = largest ? "amax" : "amin";
  detail::Reduction reduction_;
  SavedTensor x_ = {}, y_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    Array y = x.array();
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      if (!reduction_.axes[static_cast<std::size_t>(axis)]) continue;
      Array part = Array::empty(y.shape().with(axis, 1), y.dtype(), y.format());
      visit_dtype(y.dtype(), [&]<class T>() {
        kernels::extremes<largest>(detail::middle_axis(y, axis), y.data<T>(), part.mutable_data<T>());
      });
      y = part;
    }
    y_ = SavedTensor::output(y);
    return y;
  }

  // Shared evenly among the elements equal to the extremum, or among the NaNs where it is NaN.
  Tensor backward(const Tensor& gradient) const {
    const Tensor is_extreme = detail::map_floating(name, x_.array(), y_.array(), [](auto x, auto y) {
      return x == y || (x != x && y != y) ? decltype(x){1} : decltype(x){0};
    });
    const Tensor counts = sum_to(is_extreme, reduction_.kept);
    const Array weights =
        detail::map_floating(name, is_extreme, counts, [](auto one, auto count) { return one / count; });
    return detail::weigh(broadcast_to(gradient, weights.shape()), weights);
  }
};

template <bool largest>
Tensor extreme(const Tensor& x, const Axes& axes, bool keepdim) {
  const detail::Reduction reduction = detail::reduction_of(Extreme<largest>::name, x.shape(), axes);
  detail::check_some(Extreme<largest>::name, x.shape(), reduction);
  const Tensor kept = record(Extreme<largest>{.reduction_ = reduction}, x);
  return keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace

Tensor amax(const Tensor& x, const Axes& axes, bool keepdim) {
  return extreme<true>(x, axes, keepdim);
}

Tensor amin(const Tensor& x, const Axes& axes, bool keepdim) {
  return extreme<false>(x, axes, keepdim);
}

}  // namespace tapestry
