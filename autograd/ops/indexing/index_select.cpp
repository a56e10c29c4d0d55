#include <fmt/format.h>

#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/indexing/detail/check_indices.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/indexing.hpp>

namespace tapestry {
namespace {

struct IndexSelect {
  static constexpr std::string_view name = "index_select";
  static constexpr std::string_view adjoint_name = "index_select_gradient";
  Shape whole_;
  int axis_;
  SavedTensor indices_;

  Array forward(const Tensor& x) const {
    const Array& indices = indices_.array();
    Array result = Array::empty(whole_.with(axis_, indices.numel()), x.dtype(), x.array().format());
    if (result.numel() == 0) return result;
    visit_dtype(x.dtype(), [&]<class T>() {
      kernels::index_select(detail::middle_axis(x.array(), axis_), indices.numel(), indices.data<std::int64_t>(),
                            x.array().data<T>(), result.mutable_data<T>());
    });
    return result;
  }

  /// Adds the parts at their indices.
  Array adjoint(const Tensor& parts) const {
    Array result = Array::empty(whole_, parts.dtype(), parts.array().format());
    if (parts.numel() == 0) result.fill(0);
    if (parts.numel() == 0 || result.numel() == 0) return result;
    visit_floating(adjoint_name, parts.dtype(), [&]<class T>() {
      kernels::index_add(detail::middle_axis(result, axis_), parts.size(axis_), indices_.array().data<std::int64_t>(),
                         parts.array().data<T>(), result.mutable_data<T>());
    });
    return result;
  }
};

}  // namespace

Tensor index_select(const Tensor& x, int axis, const Array& indices) {
  const int counted = x.shape().checked_axis(axis);
  if (indices.rank() != 1) {
    throw ShapeError(fmt::format("index_select: expected indices of rank 1, got {}", to_string(indices.shape())));
  }
  detail::check_indices("index_select", indices, x.shape(), counted);
  return detail::record_linear(IndexSelect{.whole_ = x.shape(), .axis_ = counted, .indices_ = SavedTensor(indices)}, x);
}

}  // namespace tapestry
