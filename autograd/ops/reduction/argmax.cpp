// argmax and argmin, and max and min, which gather the elements at those indices.

#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/kernels/reduction/extremes.hpp>

namespace tapestry {
namespace {

/// The first index of the extremum along an axis, which is kept with size 1.
template <bool largest>
Array extreme_indices(std::string_view operation, const Tensor& x, int axis) {
  const detail::Reduction reduction = detail::reduction_of(operation, x.shape(), {axis});
  detail::check_some(operation, x.shape(), reduction);
  Array indices = Array::empty(reduction.kept, DType::i64, x.array().format());
  visit_dtype(x.dtype(), [&]<class T>() {
    kernels::extreme_indices<largest>(detail::middle_axis(x.array(), x.shape().checked_axis(axis)), x.array().data<T>(),
                                      indices.mutable_data<std::int64_t>());
  });
  return indices;
}

template <bool largest>
ValuesAndIndices extreme(std::string_view operation, const Tensor& x, int axis, bool keepdim) {
  const Array indices = extreme_indices<largest>(operation, x, axis);
  const Tensor values = gather(x, axis, indices);
  if (keepdim) return {.values = values, .indices = indices};
  return {.values = squeeze(values, axis), .indices = squeeze(indices, axis).array()};
}

}  // namespace

ValuesAndIndices max(const Tensor& x, int axis, bool keepdim) {
  return extreme<true>("max", x, axis, keepdim);
}

ValuesAndIndices min(const Tensor& x, int axis, bool keepdim) {
  return extreme<false>("min", x, axis, keepdim);
}

Array argmax(const Tensor& x) {
  return argmax(flatten(x.detach()), 0);
}

Array argmax(const Tensor& x, int axis, bool keepdim) {
  const Array indices = extreme_indices<true>("argmax", x, axis);
  return keepdim ? indices : squeeze(indices, axis).array();
}

Array argmin(const Tensor& x) {
  return argmin(flatten(x.detach()), 0);
}

Array argmin(const Tensor& x, int axis, bool keepdim) {
  const Array indices = extreme_indices<false>("argmin", x, axis);
  return keepdim ? indices : squeeze(indices, axis).array();
}

}  // namespace tapestry
