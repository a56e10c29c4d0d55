// Convolution as an implicit GEMM: products of gathered pixels and packed weights, without storing the im2col matrix.
// Arguments as in conv2d.hpp.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::implicit_gemm {

/// See conv2d.hpp.
bool can_load_epilogue(const Conv2dGeometry& geometry);

/// Bytes of workspace that a pass needs.
template <class T>
std::size_t workspace(const Conv2dGeometry& geometry, Conv2dPass pass);
/// `workspace` for the weight gradient.
template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

/// Every output is one sum, in the order of `reference::forward` including the zeros of the padding.
template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace);

/// Every output is one sum, in the order of `reference::input_gradient` with the kernel's rows and columns reversed.
template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias,
                    const Epilogue<T>& store, T* dx, void* workspace);

/// The output pixels are divided into pieces by the geometry alone; the sums of the pieces, each in the order of
/// `reference::weight_gradient`, are added in index order.
template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace);

}  // namespace tapestry::kernels::implicit_gemm
