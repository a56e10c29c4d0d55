// Depthwise convolution, groups = in_channels: every output channel reads one input channel, so that there is nothing
// to multiply as matrices and memory sets the pace. Arguments as in conv2d.hpp.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::depthwise {

/// See conv2d.hpp.
bool can_load_epilogue(const Conv2dGeometry& geometry);
/// See conv2d.hpp.
bool can_store_epilogue(const Conv2dGeometry& geometry);

/// Bytes of workspace that the pass of that name needs.
template <class T>
std::size_t forward_workspace(const Conv2dGeometry& geometry);
/// Likewise.
template <class T>
std::size_t input_gradient_workspace(const Conv2dGeometry& geometry);
/// Likewise.
template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

/// Every output is one sum, in the order of `reference::forward`.
template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace);

/// Every output is a sum over the kernel with rows and columns reversed; where several output channels read one input
/// channel, their sums are added in order.
template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias,
                    const Epilogue<T>& store, T* dx, void* workspace);

/// The rows of outputs are cut into pieces by the geometry; the sums over each are added in index order.
template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace);

}  // namespace tapestry::kernels::depthwise
