// Products of two matrices. Where many rows go by one matrix, which pays for packing it, they are computed as
// convolution 1×1 of images of one pixel, by its kernels; else by OpenBLAS. That one is slower where it has no kernels
// for a processor younger than it (docs/performance.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// Bytes of workspace (64-byte aligned) that the product of that shape needs with `num_threads()` threads; the greatest
/// number of int64 where they are more.
template <class T>
std::size_t matrix_product_workspace(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n,
                                     std::int64_t k);

/// c = store(op(a) · op(b)) as `gemm` (blas.hpp), with the columns as the channels of the epilogue, whose addend is not
/// c. The bits do not depend on the number of threads.
template <class T>
void matrix_product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                    const T* b, T* c, void* workspace, const Epilogue<T>& store = {});

}  // namespace tapestry::kernels
