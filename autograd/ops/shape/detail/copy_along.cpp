#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/shape/detail/copy_along.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry::detail {

void copy_along(int axis, const Array& from, std::int64_t from_begin, Array& to, std::int64_t to_begin,
                std::int64_t count) {
  const kernels::MiddleAxis source = middle_axis(from, axis), target = middle_axis(to, axis);
  const std::int64_t inner = source.inner;
  visit_dtype(from.dtype(), [&]<class T>() {
    kernels::strided_copy({{target.outer, source.size * inner, target.size * inner}, {count * inner, 1, 1}},
                          from.data<T>() + from_begin * inner, to.mutable_data<T>() + to_begin * inner);
  });
}

}  // namespace tapestry::detail
