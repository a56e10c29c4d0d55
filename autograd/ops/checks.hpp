// Argument checks that many operators share.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Throws a ValueError naming `operation` and `option` unless the value is at least 1.
void check_positive(std::string_view operation, std::string_view option, std::int64_t value);

}  // namespace tapestry

namespace tapestry::detail {

/// Throws a DTypeError naming `operation` unless the tensor is floating.
void check_floating(std::string_view operation, const Tensor& x);

/// Throws a DTypeError naming `operation` unless both tensors are of the same dtype.
void check_same_dtype(std::string_view operation, const Tensor& a, const Tensor& b);

/// Throws a DTypeError naming `operation` unless both tensors are of the same floating dtype.
void check_same_floating(std::string_view operation, const Tensor& a, const Tensor& b);

/// Throws a ShapeError naming `operation` and `argument` unless the rank is `rank`.
void check_rank(std::string_view operation, std::string_view argument, const Tensor& x, int rank);

/// The index of an element, counted in row-major order: "1, 0, 2".
std::string index_of(std::int64_t element, const Shape& shape);
/// Marks the listed axes of a shape. Throws a ShapeError naming `operation` for an axis that is out of range or listed
/// twice.
std::array<bool, Shape::max_rank> marked_axes(std::string_view operation, const Shape& shape,
                                              const std::vector<int>& axes);

/// Throws, naming `operation`, a DTypeError or ShapeError unless `bias` is undefined or has the dtype and the first
/// size of `weight`.
void check_bias(std::string_view operation, const Tensor& weight, const Tensor& bias);

}  // namespace tapestry::detail
