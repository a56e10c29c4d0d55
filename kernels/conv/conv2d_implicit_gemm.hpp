// Convolution as products of gathered pixels with packed weights, without the matrix of all windows ever existing.
// Arguments as in conv2d.hpp.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::implicit_gemm {

/// See conv2d.hpp.
bool can_load_epilogue(const Conv2dGeometry& geometry);

/// Bytes of workspace that the pass of that name needs.
template <class T>
std::size_t forward_workspace(const Conv2dGeometry& geometry);
/// Likewise.
template <class T>
std::size_t input_gradient_workspace(const Conv2dGeometry& geometry);
/// Likewise.
template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

/// Every output is one sum, in the order of `reference::forward` with the padding's zeros added too.
template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace);

/// Every output is one sum, in the order of `reference::input_gradient` with rows and columns of the kernel reversed.
template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias,
                    const Epilogue<T>& store, T* dx, void* workspace);

/// The output pixels are cut into pieces by the geometry; the sums over each, in the order of
/// `reference::weight_gradient`, are added in index order.
template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace);

}  // namespace tapestry::kernels::implicit_gemm
