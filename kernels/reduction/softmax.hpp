// Softmax along an axis, and its logarithm.
#pragma once

#include <tapestry/kernels/indexing/middle_axis.hpp>

namespace tapestry::kernels {

/// y[o][i][k] = e^{x[o][i][k]} / Σⱼ e^{x[o][j][k]}
template <class T>
void softmax(const MiddleAxis& axis, const T* x, T* y);

/// dx[o][i][k] = y[o][i][k] · (dy[o][i][k] − Σⱼ y[o][j][k] · dy[o][j][k])
template <class T>
void softmax_gradient(const MiddleAxis& axis, const T* y, const T* dy, T* dx);

/// y[o][i][k] = x[o][i][k] − ln Σⱼ e^{x[o][j][k]}
template <class T>
void log_softmax(const MiddleAxis& axis, const T* x, T* y);

/// dx[o][i][k] = dy[o][i][k] − e^{y[o][i][k]} · Σⱼ dy[o][j][k]
template <class T>
void log_softmax_gradient(const MiddleAxis& axis, const T* y, const T* dy, T* dx);

}  // namespace tapestry::kernels
