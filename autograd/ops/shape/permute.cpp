#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry {
namespace {

struct Permute {
  static constexpr std::string_view name = "permute";
  std::vector<int> axes_;

  Array forward(const Tensor& x) const {
    const int rank = x.rank();
    const auto from = x.array().strides();
    std::vector<std::int64_t> sizes;
    for (const int axis : axes_) sizes.push_back(x.size(axis));
    const Shape shape(sizes);
    // Images whose channels are contiguous in x become channels-last.
    const bool is_channels_last =
        (rank == 3 || rank == 4) && shape[rank - 3] > 1 && from[counted(axes_[counted(rank - 3)])] == 1;
    Array result =
        Array::empty(shape, x.dtype(), is_channels_last ? MemoryFormat::channels_last : MemoryFormat::row_major);
    const auto to = result.strides();
    std::vector<kernels::CopyLoop> loops;
    for (int axis = 0; axis < rank; ++axis)
      loops.push_back({shape[axis], from[counted(axes_[counted(axis)])], to[counted(axis)]});
    visit_dtype(x.dtype(), [&]<class T>() {
      kernels::strided_copy(std::move(loops), x.array().data<T>(), result.mutable_data<T>());
    });
    return result;
  }

  Tensor backward(const Tensor& gradient) const {
    std::vector<int> inverse(axes_.size());
    for (std::size_t i = 0; i < axes_.size(); ++i) inverse[counted(axes_[i])] = static_cast<int>(i);
    return permute(gradient, inverse);
  }

 private:
  static std::size_t counted(int axis) { return static_cast<std::size_t>(axis); }
};

}  // namespace

Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  detail::marked_axes(Permute::name, x.shape(), axes);
  if (static_cast<int>(axes.size()) != x.rank()) {
    throw ShapeError(fmt::format("permute: expected each axis of {} exactly once, got [{}]", to_string(x.shape()),
                                 fmt::join(axes, ", ")));
  }
  std::vector<int> counted;
  for (const int axis : axes) counted.push_back(x.shape().checked_axis(axis));
  return record(Permute{.axes_ = std::move(counted)}, x);
}

Tensor transpose(const Tensor& x, int axis_a, int axis_b) {
  std::vector<int> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  std::swap(axes[static_cast<std::size_t>(x.shape().checked_axis(axis_a))],
            axes[static_cast<std::size_t>(x.shape().checked_axis(axis_b))]);
  return permute(x, axes);
}

}  // namespace tapestry
