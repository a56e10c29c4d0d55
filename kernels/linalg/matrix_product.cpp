#include <algorithm>

#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/linalg/matrix_product.hpp>
#include <tapestry/kernels/linalg/transpose.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels {
namespace {

/// How a product is computed: as one of the passes of a 1×1 convolution, or by OpenBLAS.
enum class Method { forward, input_gradient, weight_gradient, blas };

Method method_of(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t few_rows = 48, few_columns = 32;
  // From this depth on, reading both factors once, row by row, is faster than transposing a first.
  constexpr std::int64_t deep = 2048;
  // The other methods add up all terms of an element in one chain, but for the weight gradient.
  constexpr std::int64_t too_deep = std::int64_t{1} << 15;
  const bool is_weight_gradient = transpose_a && !transpose_b && k >= deep;
  if (m < few_rows || n < few_columns || k < few_columns) return Method::blas;
  if (k > too_deep && !is_weight_gradient) return Method::blas;
  if (transpose_b) return Method::forward;
  return transpose_a && k >= deep ? Method::weight_gradient : Method::input_gradient;
}

/// A 1×1 convolution of `rows` images of one pixel.
Conv2dGeometry pixels(std::int64_t rows, std::int64_t in_channels, std::int64_t out_channels) {
  return {.batch = rows,
          .in_channels = in_channels,
          .in_height = 1,
          .in_width = 1,
          .out_channels = out_channels,
          .out_height = 1,
          .out_width = 1,
          .kernel_height = 1,
          .kernel_width = 1,
          .stride_height = 1,
          .stride_width = 1,
          .pad_top = 0,
          .pad_left = 0,
          .dilation_height = 1,
          .dilation_width = 1,
          .groups = 1};
}

/// op(a), row-major; transposes into the workspace if necessary.
template <class T>
const T* rows_of(bool transpose_a, std::int64_t m, std::int64_t k, const T* a, WorkspaceCutter& cutter) {
  if (!transpose_a) return a;
  T* const rows = cutter.take<T>(saturating_product(m, k));
  if (a != nullptr) transpose(1, k, m, a, rows);
  return rows;
}

}  // namespace

template <class T>
std::size_t matrix_product_workspace(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n,
                                     std::int64_t k) {
  WorkspaceCutter cutter(nullptr);
  const auto with_rows = [&](std::size_t bytes) {
    rows_of<T>(transpose_a, m, k, nullptr, cutter);
    return bytes + cutter.size();
  };
  switch (method_of(transpose_a, transpose_b, m, n, k)) {
    case Method::forward:
      return with_rows(implicit_gemm::workspace<T>(pixels(m, k, n), Conv2dPass::forward));
    case Method::input_gradient:
      return with_rows(implicit_gemm::workspace<T>(pixels(m, n, k), Conv2dPass::input_gradient));
    case Method::weight_gradient:
      return implicit_gemm::weight_gradient_workspace<T>(pixels(k, n, m));
    case Method::blas:
      return 0;
  }
  return 0;
}

template <class T>
void matrix_product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                    const T* b, T* c, void* workspace, const Epilogue<T>& store) {
  WorkspaceCutter cutter(workspace);
  const auto rest = [&] { return static_cast<std::byte*>(workspace) + cutter.size(); };
  switch (method_of(transpose_a, transpose_b, m, n, k)) {
    case Method::forward: {
      const T* const rows = rows_of(transpose_a, m, k, a, cutter);
      return implicit_gemm::forward<T>(pixels(m, k, n), rows, {}, b, nullptr, store, c, rest());
    }
    case Method::input_gradient: {
      const T* const rows = rows_of(transpose_a, m, k, a, cutter);
      return implicit_gemm::input_gradient<T>(pixels(m, n, k), rows, b, nullptr, store, c, rest());
    }
    case Method::weight_gradient:
      implicit_gemm::weight_gradient<T>(pixels(k, n, m), b, {}, a, c, workspace);
      break;
    case Method::blas:
      gemm(transpose_a, transpose_b, m, n, k, a, b, c);
      break;
  }
  if (!store.is_none()) apply_epilogue({.samples = 1, .rows = m, .channels = n}, c, store, c);
}

#define TAPESTRY_INSTANTIATE(T)                                                                                     \
  template std::size_t matrix_product_workspace<T>(bool, bool, std::int64_t, std::int64_t, std::int64_t);           \
  template void matrix_product(bool, bool, std::int64_t, std::int64_t, std::int64_t, const T*, const T*, T*, void*, \
                               const Epilogue<T>&)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
