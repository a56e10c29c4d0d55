// Comparisons. The results are masks: u8 arrays with 1 where the comparison holds and 0 elsewhere. NaN is unequal to
// everything, and neither less nor greater. Denormal numbers (below 1.2e-38 in f32 and 2.3e-308 in f64) count as zero.
// A number is converted to the dtype of a floating tensor; integers are compared with it as doubles.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// a = b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.eq`.
/// Example: eq(Array::from<float>({3}, {1, 2, 3}), 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 0}
Array eq(const Tensor& a, const Tensor& b);
Array eq(const Tensor& a, double b);

/// a ≠ b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.ne`.
/// Example: ne(Array::full({2}, NAN), NAN).at({1}) == 1
Array ne(const Tensor& a, const Tensor& b);
Array ne(const Tensor& a, double b);

/// a < b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.lt`.
/// Example: lt(Array::from<float>({3}, {1, 2, 3}), 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0, 0}
Array lt(const Tensor& a, const Tensor& b);
Array lt(const Tensor& a, double b);

/// a ≤ b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.le`.
/// Example: le(Array::from<float>({3}, {1, 2, 3}), 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 1, 0}
Array le(const Tensor& a, const Tensor& b);
Array le(const Tensor& a, double b);

/// a > b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.gt`.
/// Example: gt(Array::from<float>({3}, {1, 2, 3}), 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 0, 1}
Array gt(const Tensor& a, const Tensor& b);
Array gt(const Tensor& a, double b);

/// a ≥ b, elementwise.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless both have the same dtype (any).
/// Source: PyTorch's `torch.ge`.
/// Example: ge(Array::from<float>({3}, {1, 2, 3}), 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 1}
Array ge(const Tensor& a, const Tensor& b);
Array ge(const Tensor& a, double b);

/// a where the mask is nonzero, b elsewhere. Elements that are not selected get a zero gradient, even where they are
/// not finite.
///
/// Shapes: mask, a, b that broadcast to one shape → that shape.
/// Throws: DTypeError unless mask is u8, and a and b are of one dtype; ShapeError when they do not broadcast.
/// Source: PyTorch's `torch.where`.
/// Example: where(Array::from<std::uint8_t>({2}, {1, 0}), Array::full({2}, 7), 3).array().at({1}) == 3
Tensor where(const Array& mask, const Tensor& a, const Tensor& b);
Tensor where(const Array& mask, const Tensor& a, double b);
Tensor where(const Array& mask, double a, const Tensor& b);

}  // namespace tapestry
