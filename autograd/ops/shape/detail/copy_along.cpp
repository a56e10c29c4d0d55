#include <cstring>

#include <tapestry/autograd/ops/shape/detail/copy_along.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::detail {

// In memory an axis is a middle one: outer × axis × inner, with all that runs slower in `outer` and faster in `inner`.
void copy_along(int axis, const Array& from, std::int64_t from_begin, Array& to, std::int64_t to_begin,
                std::int64_t count) {
  const std::int64_t inner = from.strides()[static_cast<std::size_t>(axis)];
  const std::int64_t from_row = from.size(axis) * inner;
  const std::int64_t to_row = to.size(axis) * inner;
  if (count == 0 || to.numel() == 0) return;
  const std::int64_t outer = to.numel() / to_row;
  visit_dtype(from.dtype(), [&]<class T>() {
    const T* source = from.data<T>() + from_begin * inner;
    T* target = to.mutable_data<T>() + to_begin * inner;
    const std::int64_t rows = 1 + (std::int64_t{1} << 14) / (count * inner);
    kernels::parallel_ranges(outer, rows, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        std::memcpy(target + row * to_row, source + row * from_row,
                    static_cast<std::size_t>(count * inner) * sizeof(T));
      }
    });
  });
}

}  // namespace tapestry::detail
