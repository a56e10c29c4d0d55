// Products of two matrices. Products large enough to be worth packing a factor run on the kernels of 1×1 convolution,
// with images of one pixel; the others run on OpenBLAS, which is slower on processors newer than its kernels
// (docs/performance.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// Bytes of workspace (64-byte aligned) that the product of that shape needs with `num_threads()` threads; the maximum
/// of int64 if the number overflows.
template <class T>
std::size_t matrix_product_workspace(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n,
                                     std::int64_t k);

/// c = store(op(a) · op(b)) as `gemm` (blas.hpp), with the columns as the channels of the epilogue, whose addend must
/// not be c. The bits do not depend on the number of threads.
template <class T>
void matrix_product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                    const T* b, T* c, void* workspace, const Epilogue<T>& store = {});

}  // namespace tapestry::kernels
