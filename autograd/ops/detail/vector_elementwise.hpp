// Elementwise loops around a vectorized mathematical function. For .cpp files: templates full of loops.
#pragma once

#include <algorithm>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/kernels/elementwise/vector_math.hpp>

namespace tapestry::detail {

inline constexpr auto exp_in_vectors = [](std::int64_t size, auto* values) { kernels::vector_exp(size, values); };
inline constexpr auto expm1_in_vectors = [](std::int64_t size, auto* values) { kernels::vector_expm1(size, values); };
inline constexpr auto tanh_in_vectors = [](std::int64_t size, auto* values) { kernels::vector_tanh(size, values); };

/// out[i] = finish(i, function(prepare(x[i]))) for i in [0, size), one buffer at a time.
template <class T, class Function, class Prepare, class Finish>
void through_vectors(std::int64_t size, const T* x, T* out, const Function& function, const Prepare& prepare,
                     const Finish& finish) {
  constexpr std::int64_t buffer_size = 512;
  for_ranges(size, [&](std::int64_t begin, std::int64_t end) {
    T values[buffer_size] = {};
    for (; begin < end; begin += buffer_size) {
      const std::int64_t count = std::min(buffer_size, end - begin);
      for (std::int64_t i = 0; i < count; ++i) values[i] = prepare(x[begin + i]);
      function(count, values);
      for (std::int64_t i = 0; i < count; ++i) out[begin + i] = finish(begin + i, values[i]);
    }
  });
}

/// The array of finish(x, function(prepare(x))) for every element x, with one of the functions above. Throws a
/// DTypeError naming `operation` unless x is floating.
template <class Function, class Prepare, class Finish>
Array map_through(std::string_view operation, const Tensor& x, const Function& function, const Prepare& prepare,
                  const Finish& finish) {
  return visit_floating(operation, x.dtype(), [&]<class T>() {
    Array result = Array::empty_like(x.array());
    const T* in = x.array().data<T>();
    through_vectors(x.numel(), in, result.mutable_data<T>(), function, prepare,
                    [in, &finish](std::int64_t i, T value) { return finish(in[i], value); });
    return result;
  });
}

/// The array of finish(g, x, function(prepare(x))) for a gradient g of the shape of x.
template <class Function, class Prepare, class Finish>
Array map_through(std::string_view operation, const Array& gradient, const Array& x, const Function& function,
                  const Prepare& prepare, const Finish& finish) {
  return visit_floating(operation, x.dtype(), [&]<class T>() {
    Array result = Array::empty_like(x);
    const Array ordered = gradient.contiguous(x.format());
    const T* g = ordered.data<T>();
    const T* in = x.data<T>();
    through_vectors(x.numel(), in, result.mutable_data<T>(), function, prepare,
                    [g, in, &finish](std::int64_t i, T value) { return finish(g[i], in[i], value); });
    return result;
  });
}

}  // namespace tapestry::detail
