// The weight gradient of winograd.hpp.
#pragma once

#include <cstddef>

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::winograd {

/// The size of the workspace of `weight_gradient` in bytes.
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

}  // namespace tapestry::kernels::winograd
