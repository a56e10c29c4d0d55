// The part of winograd.hpp that the weight gradient is.
#pragma once

#include <cstddef>

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::winograd {

/// Bytes of workspace that `weight_gradient` needs.
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

}  // namespace tapestry::kernels::winograd
