#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

/// The order in which elements are selected: NaN counts as larger than everything, and equal elements keep their order.
template <class T>
bool comes_before(T x, std::int64_t i, T y, std::int64_t j, bool largest) {
  const bool x_is_nan = x != x;
  const bool y_is_nan = y != y;
  if (x_is_nan != y_is_nan) return x_is_nan == largest;
  if (x_is_nan || x == y) return i < j;
  return largest ? x > y : x < y;
}

}  // namespace

ValuesAndIndices topk(const Tensor& x, std::int64_t k, int axis, bool largest) {
  const int counted = x.shape().checked_axis(axis);
  const std::int64_t size = x.size(counted);
  if (k < 0 || k > size) {
    throw ValueError(
        fmt::format("topk: k must be in [0, {}], axis {} of {}, got {}", size, axis, to_string(x.shape()), k));
  }
  Array indices = Array::empty(x.shape().with(counted, k), DType::i64, x.array().format());
  visit_dtype(x.dtype(), [&]<class T>() {
    const T* in = x.array().data<T>();
    std::int64_t* out = indices.mutable_data<std::int64_t>();
    const kernels::MiddleAxis rows = detail::middle_axis(x.array(), counted);
    const std::int64_t rows_per_piece = 1 + (std::int64_t{1} << 12) / (1 + size);
    kernels::parallel_ranges(rows.outer * rows.inner, rows_per_piece, [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::int64_t> order(static_cast<std::size_t>(size));
      for (std::int64_t i = begin; i < end; ++i) {
        const T* row = in + i / rows.inner * size * rows.inner + i % rows.inner;
        std::int64_t* taken = out + i / rows.inner * k * rows.inner + i % rows.inner;
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](std::int64_t a, std::int64_t b) {
          return comes_before(row[a * rows.inner], a, row[b * rows.inner], b, largest);
        });
        for (std::int64_t j = 0; j < k; ++j) taken[j * rows.inner] = order[static_cast<std::size_t>(j)];
      }
    });
  });
  return {.values = gather(x, counted, indices), .indices = indices};
}

}  // namespace tapestry
