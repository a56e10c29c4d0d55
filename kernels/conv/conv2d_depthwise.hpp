// Depthwise convolution, groups = in_channels: every output channel reads one input channel, so there is no matrix
// product and memory bandwidth is the limit. Arguments as in conv2d.hpp.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::depthwise {

/// True when the passes can apply epilogues as they load and store (`can_load_epilogue`, `can_store_epilogue`): every
/// input channel has one output channel.
bool can_apply_epilogue(const Conv2dGeometry& geometry);

/// Bytes of workspace that a pass needs.
template <class T>
std::size_t workspace(const Conv2dGeometry& geometry, Conv2dPass pass);

/// Every output is one sum, in the order of `reference::forward`.
template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* weight, const T* bias,
             const Epilogue<T>& store, T* y, void* workspace);

/// Every output is a sum over the kernel with rows and columns reversed; the sums of output channels that read the same
/// input channel are added in order.
template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias,
                    const Epilogue<T>& store, T* dx, void* workspace);

/// The output rows are divided into pieces by the geometry alone; the sums of the pieces are added in index order.
template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const T* dy, T* dweight,
                     void* workspace);

}  // namespace tapestry::kernels::depthwise
