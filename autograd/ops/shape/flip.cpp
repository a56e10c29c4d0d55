#include <algorithm>
#include <array>
#include <utility>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry {
namespace {

struct Flip {
  static constexpr std::string_view name = "flip";
  std::array<bool, Shape::max_rank> is_flipped_ = {};

  Array forward(const Tensor& x) const {
    Array result = Array::empty_like(x.array());
    const auto strides = x.array().strides();
    std::vector<kernels::CopyLoop> loops;
    std::int64_t first = 0;
    for (int axis = 0; axis < x.rank(); ++axis) {
      const auto at = static_cast<std::size_t>(axis);
      loops.push_back({x.size(axis), is_flipped_[at] ? -strides[at] : strides[at], strides[at]});
      if (is_flipped_[at]) first += std::max<std::int64_t>(x.size(axis) - 1, 0) * strides[at];
    }
    visit_dtype(x.dtype(), [&]<class T>() {
      kernels::strided_copy(std::move(loops), x.array().data<T>() + first, result.mutable_data<T>());
    });
    return result;
  }

  Tensor backward(const Tensor& gradient) const { return record(Flip{is_flipped_}, gradient); }
};

}  // namespace

Tensor flip(const Tensor& x, const Axes& axes) {
  return record(Flip{detail::marked_axes(Flip::name, x.shape(), axes.list())}, x);
}

}  // namespace tapestry
