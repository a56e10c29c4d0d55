// Elementwise loops over arrays. For the .cpp files of operators: templates full of loops, not part of the umbrella.
#pragma once

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/broadcast.hpp>
#include <tapestry/core/parallel.hpp>

namespace tapestry {

/// Elements per range of an elementwise loop.
inline constexpr std::int64_t map_grain = std::int64_t{1} << 14;

/// Divides [0, size) into fixed ranges, processed in parallel: calls `body(begin, end)`.
template <class Body>
void for_ranges(std::int64_t size, const Body& body) {
  parallel_ranges(size, map_grain, body);
}

/// The array of f(element); T is the element type of `x`, and the result type of f that of the result.
template <class T, class F>
Array map(const Array& x, const F& f) {
  using Result = std::invoke_result_t<F, T>;
  Array result = Array::empty(x.shape(), dtype_of<Result>, x.format());
  const T* in = x.data<T>();
  Result* out = result.mutable_data<Result>();
  for_ranges(x.numel(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = f(in[i]);
  });
  return result;
}

namespace detail {

/// out[i] = f(a[i·stride_a], b[i·stride_b]), with the usual strides known to the compiler. Not inlined, because the
/// compiler would optimize these loops again for each of the two calls below.
template <class T, class Result, class F>
[[gnu::noinline]] void map_row(std::int64_t size, const T* a, std::int64_t stride_a, const T* b, std::int64_t stride_b,
                               Result* out, const F& f) {
  if (stride_a == 0 && stride_b == 0) {
    std::fill_n(out, size, f(*a, *b));
  } else if (stride_a == 1 && stride_b == 1) {
    for (std::int64_t i = 0; i < size; ++i) out[i] = f(a[i], b[i]);
  } else if (stride_a == 1 && stride_b == 0) {
    const T constant = *b;
    for (std::int64_t i = 0; i < size; ++i) out[i] = f(a[i], constant);
  } else if (stride_a == 0 && stride_b == 1) {
    const T constant = *a;
    for (std::int64_t i = 0; i < size; ++i) out[i] = f(constant, b[i]);
  } else {
    for (std::int64_t i = 0; i < size; ++i) out[i] = f(a[i * stride_a], b[i * stride_b]);
  }
}

}  // namespace detail

/// The array of f(element of a, element of b) along a plan; T is the element type of both.
template <class T, class F>
Array map(const BroadcastPlan& plan, const F& f) {
  using Result = std::invoke_result_t<F, T, T>;
  Array result = Array::empty(plan.shape, dtype_of<Result>, plan.format);
  const T* a = plan.a.data<T>();
  const T* b = plan.b.data<T>();
  Result* out = result.mutable_data<Result>();
  const auto& inner = plan.inner;
  if (plan.outer.empty()) {
    for_ranges(result.numel(), [&](std::int64_t begin, std::int64_t end) {
      detail::map_row(end - begin, a + begin * inner.stride_a, inner.stride_a, b + begin * inner.stride_b,
                      inner.stride_b, out + begin, f);
    });
    return result;
  }
  const std::int64_t rows = inner.size == 0 ? 0 : result.numel() / inner.size;
  const std::int64_t rows_per_piece = 1 + map_grain / (inner.size + 1);
  parallel_ranges(rows, rows_per_piece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::int64_t offset_a = 0;
      std::int64_t offset_b = 0;
      std::int64_t rest = row;
      for (auto loop = plan.outer.rbegin(); loop != plan.outer.rend(); ++loop) {
        const std::int64_t i = rest % loop->size;
        rest /= loop->size;
        offset_a += i * loop->stride_a;
        offset_b += i * loop->stride_b;
      }
      detail::map_row(inner.size, a + offset_a, inner.stride_a, b + offset_b, inner.stride_b, out + row * inner.size,
                      f);
    }
  });
  return result;
}

/// The array of f(element of a, element of b) under broadcasting. Throws a ShapeError naming `operation` when the
/// shapes do not broadcast.
template <class T, class F>
Array map(const Array& a, const Array& b, std::string_view operation, const F& f) {
  return map<T>(BroadcastPlan(a, b, operation), f);
}

}  // namespace tapestry
