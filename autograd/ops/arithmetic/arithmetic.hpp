// Elementwise arithmetic with broadcasting. Operands must have the same dtype, f32 or f64 (DTypeError otherwise);
// shapes follow NumPy's broadcasting rules (ShapeError otherwise). A number takes the dtype of the tensor operand.
// Denormal operands and results (below 1.2e-38 in f32 and 2.3e-308 in f64) count as zero, as in all operators.
#pragma once

#include <optional>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// a + b
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.add`.
/// Example: add(Array::full({2, 1}, 1), Array::full({3}, 2)).array().at({1, 2}) == 3
Tensor add(const Tensor& a, const Tensor& b);

/// a − b
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.subtract`.
/// Example: subtract(Array::full({2, 1}, 1), Array::full({3}, 2)).array().at({1, 2}) == -1
Tensor subtract(const Tensor& a, const Tensor& b);

/// a · b
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.multiply`.
/// Example: multiply(Array::full({2, 1}, 3), Array::full({3}, 2)).array().at({1, 2}) == 6
Tensor multiply(const Tensor& a, const Tensor& b);

/// a / b, which is ±∞ or NaN where b is 0.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.divide`.
/// Example: divide(Array::full({2, 1}, 3), Array::full({3}, 2)).array().at({1, 2}) == 1.5
Tensor divide(const Tensor& a, const Tensor& b);

/// The larger of a and b, elementwise; NaN where either is NaN. At a tie each gets half of the gradient.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.maximum`.
/// Example: maximum(Array::full({2, 1}, 3), Array::full({3}, 2)).array().at({1, 2}) == 3
Tensor maximum(const Tensor& a, const Tensor& b);

/// The smaller of a and b, elementwise; NaN where either is NaN. At a tie each gets half of the gradient.
///
/// Shapes: a, b that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.minimum`.
/// Example: minimum(Array::full({2, 1}, 3), Array::full({3}, 2)).array().at({1, 2}) == 2
Tensor minimum(const Tensor& a, const Tensor& b);

/// −x
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.neg`.
/// Example: negate(Array::full({2}, 3)).array().at({1}) == -3
Tensor negate(const Tensor& x);

/// |x|. The derivative at 0 is 0.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.abs`.
/// Example: abs(Array::full({2}, -3)).array().at({1}) == 3
Tensor abs(const Tensor& x);

/// eˣ
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.exp`.
/// Example: exp(Array::zeros({2})).array().at({1}) == 1
Tensor exp(const Tensor& x);

/// ln x: −∞ at 0 and NaN below. Denormal numbers count as zero.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.log`.
/// Example: log(Array::full({2}, 1)).array().at({1}) == 0
Tensor log(const Tensor& x);

/// √x: NaN below 0. The derivative at 0 is ∞.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.sqrt`.
/// Example: sqrt(Array::full({2}, 9)).array().at({1}) == 3
Tensor sqrt(const Tensor& x);

/// x to the power of a constant, or of the elements of another tensor, which gets a gradient too. The derivative with
/// respect to x is 0 where the exponent is 0, and that with respect to the exponent is 0 where x is 0 and the exponent
/// is not negative; it is NaN where x is negative.
///
/// Shapes: x of any shape → the same; x, exponent that broadcast to one shape → that shape.
/// Throws: ShapeError when they do not broadcast; DTypeError unless they are of one floating dtype.
/// Source: PyTorch's `torch.pow`.
/// Example: pow(Array::full({2}, 3), 2).array().at({1}) == 9
Tensor pow(const Tensor& x, double exponent);
Tensor pow(const Tensor& x, const Tensor& exponent);

/// x limited to [min, max]; either bound may be omitted. NaN stays NaN, and `max` wins where min > max. The derivative
/// is 1 between the bounds and at them, and 0 outside.
///
/// Shapes: x of any shape → the same.
/// Throws: ValueError when both bounds are omitted; DTypeError unless x is floating.
/// Source: PyTorch's `torch.clamp`.
/// Example: clamp(Array::from<float>({3}, {-2, 0.5, 2}), 0, 1).array().at({2}) == 1
Tensor clamp(const Tensor& x, std::optional<double> min, std::optional<double> max = {});

inline Tensor operator+(const Tensor& a, const Tensor& b) {
  return add(a, b);
}
inline Tensor operator-(const Tensor& a, const Tensor& b) {
  return subtract(a, b);
}
inline Tensor operator*(const Tensor& a, const Tensor& b) {
  return multiply(a, b);
}
inline Tensor operator/(const Tensor& a, const Tensor& b) {
  return divide(a, b);
}
inline Tensor operator-(const Tensor& x) {
  return negate(x);
}

inline Tensor operator+(const Tensor& a, double b) {
  return add(a, Array::scalar(b, a.dtype()));
}
inline Tensor operator-(const Tensor& a, double b) {
  return subtract(a, Array::scalar(b, a.dtype()));
}
inline Tensor operator*(const Tensor& a, double b) {
  return multiply(a, Array::scalar(b, a.dtype()));
}
inline Tensor operator/(const Tensor& a, double b) {
  return divide(a, Array::scalar(b, a.dtype()));
}
inline Tensor operator+(double a, const Tensor& b) {
  return add(Array::scalar(a, b.dtype()), b);
}
inline Tensor operator-(double a, const Tensor& b) {
  return subtract(Array::scalar(a, b.dtype()), b);
}
inline Tensor operator*(double a, const Tensor& b) {
  return multiply(Array::scalar(a, b.dtype()), b);
}
inline Tensor operator/(double a, const Tensor& b) {
  return divide(Array::scalar(a, b.dtype()), b);
}

/// sum += term, without recording: in place when no other array shares the memory of `sum`. The shapes must be equal.
void accumulate(Array& sum, const Array& term);

}  // namespace tapestry
