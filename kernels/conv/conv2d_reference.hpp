// Convolution as plain loops: the definition, slow, which the tests compare the other algorithms with. Every output is
// one sum in double precision.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::reference {

/// Every sum begins with the bias, in the order kernel row, kernel column, input channel.
template <class T>
void forward(const Conv2dGeometry& geometry, const T* x, const T* weight, const T* bias, T* y);

/// Every sum begins with the bias, in the order kernel row, kernel column, output channel.
template <class T>
void input_gradient(const Conv2dGeometry& geometry, const T* dy, const T* weight, const T* bias, T* dx);

/// Every sum is in the order image, output row, output column.
template <class T>
void weight_gradient(const Conv2dGeometry& geometry, const T* x, const T* dy, T* dweight);

}  // namespace tapestry::kernels::reference
