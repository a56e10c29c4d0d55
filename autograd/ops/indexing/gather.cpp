// gather and scatter_add: each is computed by the backward of the other.
#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/indexing/detail/check_indices.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/indexing.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>

namespace tapestry {
namespace {

/// The offsets, in an array of `strides`, of all positions within `sizes`, in row-major order.
std::vector<std::int64_t> offsets_of(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides) {
  std::vector<std::int64_t> offsets{0};
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    std::vector<std::int64_t> finer;
    finer.reserve(offsets.size() * static_cast<std::size_t>(sizes[axis]));
    for (const std::int64_t offset : offsets) {
      for (std::int64_t i = 0; i < sizes[axis]; ++i) finer.push_back(offset + i * strides[axis]);
    }
    offsets = std::move(finer);
  }
  return offsets;
}

kernels::IndexGrid grid_of(const Array& whole, const Shape& indices, int axis) {
  const auto strides = whole.strides();
  const std::span<const std::int64_t> sizes = indices.sizes();
  const std::span<const std::int64_t> steps(strides.data(), sizes.size());
  const auto at = static_cast<std::size_t>(axis);
  return {.outer_offsets = offsets_of(sizes.first(at), steps.first(at)),
          .inner_offsets = offsets_of(sizes.subspan(at + 1), steps.subspan(at + 1)),
          .count = sizes[at],
          .axis_stride = steps[at]};
}

/// Adds `source` to `sums`, which nothing else references, by index.
void add_by_index(std::string_view operation, const Array& indices, int axis, const Array& source, Array& sums) {
  const Array ordered = source.contiguous();
  const auto* const index = indices.data<std::int64_t>();
  const kernels::IndexGrid grid = grid_of(sums, indices.shape(), axis);
  // Any number of terms may have the same index.
  if (sums.dtype() == DType::f32 && grid.count > kernels::many_terms) {
    Array exact = sums.to(DType::f64);
    kernels::scatter_add(grid, index, ordered.data<float>(), exact.mutable_data<double>());
    sums.copy_from(exact.to(DType::f32));
    return;
  }
  visit_floating(operation, sums.dtype(),
                 [&]<class T>() { kernels::scatter_add(grid, index, ordered.data<T>(), sums.mutable_data<T>()); });
}

struct Gather {
  static constexpr std::string_view name = "gather";
  static constexpr std::string_view adjoint_name = "gather_gradient";
  Shape whole_;
  int axis_;
  SavedTensor indices_;

  Array forward(const Tensor& x) const {
    const Array& indices = indices_.array();
    const Array from = x.array().contiguous();
    Array result = Array::empty(indices.shape(), x.dtype());
    visit_dtype(x.dtype(), [&]<class T>() {
      kernels::gather(grid_of(from, indices.shape(), axis_), indices.data<std::int64_t>(), from.data<T>(),
                      result.mutable_data<T>());
    });
    return result;
  }

  Array adjoint(const Tensor& source) const {
    Array result = Array::zeros(whole_, source.dtype());
    add_by_index(adjoint_name, indices_.array(), axis_, source.array(), result);
    return result;
  }
};

Tensor gathered(const Tensor& x, int axis, const Array& indices) {
  return detail::record_linear(Gather{.whole_ = x.shape(), .axis_ = axis, .indices_ = SavedTensor(indices)}, x);
}

struct ScatterAdd {
  static constexpr std::string_view name = "scatter_add";
  int axis_;
  SavedTensor indices_;

  Array forward(const Tensor& x, const Tensor& source) const {
    Array result = Array::empty(x.shape(), x.dtype());
    result.copy_from(x.array());
    add_by_index(name, indices_.array(), axis_, source.array(), result);
    return result;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {gradient, wanted[1] ? gathered(gradient, axis_, indices_.array()) : Tensor()};
  }
};

/// Throws unless `indices` have the rank of `x` and are no larger, not counting `free_axis` (−1 for none).
void check_fits(std::string_view operation, const Array& indices, std::string_view argument, const Shape& x,
                int free_axis) {
  bool fits = indices.rank() == x.rank();
  for (int axis = 0; fits && axis < x.rank(); ++axis) fits = axis == free_axis || indices.size(axis) <= x[axis];
  if (fits) return;
  throw ShapeError(fmt::format(
      "{}: expected indices with the rank of {} {} and no larger than it{}, got {}", operation, argument, to_string(x),
      free_axis < 0 ? "" : fmt::format(" except along axis {}", free_axis), to_string(indices.shape())));
}

}  // namespace

Tensor gather(const Tensor& x, int axis, const Array& indices) {
  const int counted = x.shape().checked_axis(axis);
  check_fits("gather", indices, "x", x.shape(), counted);
  detail::check_indices("gather", indices, x.shape(), counted);
  return gathered(x, counted, indices.contiguous());
}

Tensor scatter_add(const Tensor& x, int axis, const Array& indices, const Tensor& source) {
  const int counted = x.shape().checked_axis(axis);
  detail::check_same_floating("scatter_add", x, source);
  check_fits("scatter_add", indices, "x", x.shape(), counted);
  check_fits("scatter_add", indices, "source", source.shape(), -1);
  detail::check_indices("scatter_add", indices, x.shape(), counted);
  Tensor part = source;
  for (int i = 0; i < part.rank(); ++i) {
    if (part.size(i) != indices.size(i)) part = slice(part, i, 0, indices.size(i));
  }
  return record(ScatterAdd{.axis_ = counted, .indices_ = SavedTensor(indices.contiguous())}, x, part);
}

}  // namespace tapestry
