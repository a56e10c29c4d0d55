// Padding and cropping.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <tapestry/autograd/ops/padding_mode.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Adds elements before and after `x` along its last axes. `amounts` holds {before, after} for the last axis, then for
/// the last but one, and so on: {left, right, top, bottom} for images. The new elements are `value` in mode zeros; in
/// the other modes, elements of x mirrored, repeated or taken from the other end. In mode zeros, negative amounts crop.
///
/// Shapes: x of any shape, a pair of amounts for each of its last axes → the shape of x with each axis longer by the
/// sum of its pair.
/// Throws: DTypeError unless x is floating; ShapeError for more pairs than axes, or when cropping removes more than the
/// axis has; ValueError for an odd number of amounts, a negative amount or nonzero value in a mode other than zeros, or
/// an amount too large for the mode: reflect requires less than the size of the axis, circular at most the size.
/// Source: PyTorch's `torch.nn.functional.pad`.
/// Example: pad(Array::full({1, 2}, 1), {2, 0}).array().to_vector<float>() == std::vector<float>{0, 0, 1, 1}
Tensor pad(const Tensor& x, const std::vector<std::int64_t>& amounts, PaddingMode mode = PaddingMode::zeros,
           double value = 0);

namespace detail {

/// Throws what `pad` throws for the amounts before and after one axis of `shape`, naming `operation`.
void check_padding(std::string_view operation, PaddingMode mode, const Shape& shape, int axis, std::int64_t before,
                   std::int64_t after);

}  // namespace detail
}  // namespace tapestry
