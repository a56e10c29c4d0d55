// More around an array, or less of it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <tapestry/autograd/ops/padding_mode.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// `x` with elements put before and after it along its last axes, in the order {before the last axis, after it, before
/// the last but one, after it, …}: {left, right, top, bottom} for images. What is put there is `mode`'s: `value` in
/// mode zeros; the elements of x mirrored, repeated or from the other end in the others. In mode zeros, amounts below 0
/// take elements away instead.
///
/// Shapes: x of any shape, a pair of amounts for each of its last axes → x's shape with each axis longer by its pair.
/// Throws: DTypeError unless x is floating; ShapeError for more pairs than axes, or where less than nothing is left;
/// ValueError for an odd number of amounts, an amount below 0 or a value other than 0 in another mode than zeros, or
/// an amount that the mode has no elements for: reflect takes less than the size of the axis, circular no more than it.
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
