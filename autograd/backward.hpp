// The backward pass.
#pragma once

#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Accumulates the gradient of `output` in every leaf that requires one. `seed` is the gradient of `output`; undefined
/// means 1, and then `output` must have a single element. Throws a GradError otherwise, when `output` has no history,
/// when a saved value has been released or overwritten, or when an operator's backward returns gradients that do not
/// match its inputs; a ShapeError or DTypeError for a seed that does not match `output` or a hook's result that does
/// not match the gradient.
void backward(const Tensor& output, const Tensor& seed = {}, const BackwardOptions& options = {});

/// The gradients of `output` with respect to `inputs`, leaves or not, without changing the accumulated gradients of
/// leaves. Undefined for an input that `output` does not depend on. Throws as `backward` does, and a GradError for an
/// input that does not require a gradient.
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& seed = {},
                         const BackwardOptions& options = {});

}  // namespace tapestry
