#include <algorithm>

#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/linalg/matrix_product.hpp>
#include <tapestry/kernels/linalg/transpose.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels {
namespace {

/// As what a product is computed: one of the three passes of a convolution, or a call of OpenBLAS.
enum class Way { forward, input_gradient, weight_gradient, blas };

Way way_of(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t few_rows = 48, few_columns = 32;
  // Where c is made of more products than this, both factors are better read once, row by row, than a transposed first.
  constexpr std::int64_t few_products = 2048;
  if (m < few_rows || n < few_columns || k < few_columns) return Way::blas;
  if (transpose_b) return Way::forward;
  return transpose_a && k >= few_products ? Way::weight_gradient : Way::input_gradient;
}

/// A convolution of `rows` images of one pixel.
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

/// The rows of op(a) side by side.
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
  switch (way_of(transpose_a, transpose_b, m, n, k)) {
    case Way::forward:
      return with_rows(implicit_gemm::forward_workspace<T>(pixels(m, k, n)));
    case Way::input_gradient:
      return with_rows(implicit_gemm::input_gradient_workspace<T>(pixels(m, n, k)));
    case Way::weight_gradient:
      return implicit_gemm::weight_gradient_workspace<T>(pixels(k, n, m));
    case Way::blas:
      return 0;
  }
  return 0;
}

template <class T>
void matrix_product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                    const T* b, T* c, void* workspace, const Epilogue<T>& store) {
  WorkspaceCutter cutter(workspace);
  const auto rest = [&] { return static_cast<std::byte*>(workspace) + cutter.size(); };
  switch (way_of(transpose_a, transpose_b, m, n, k)) {
    case Way::forward: {
      const T* const rows = rows_of(transpose_a, m, k, a, cutter);
      return implicit_gemm::forward<T>(pixels(m, k, n), rows, {}, b, nullptr, store, c, rest());
    }
    case Way::input_gradient: {
      const T* const rows = rows_of(transpose_a, m, k, a, cutter);
      return implicit_gemm::input_gradient<T>(pixels(m, n, k), rows, b, nullptr, store, c, rest());
    }
    case Way::weight_gradient:
      implicit_gemm::weight_gradient<T>(pixels(k, n, m), b, {}, a, c, workspace);
      break;
    case Way::blas:
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
