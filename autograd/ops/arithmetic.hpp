// Elementwise arithmetic with broadcasting. Operands are of one dtype, f32 or f64 (a DTypeError otherwise); shapes
// follow NumPy's broadcasting rule (a ShapeError otherwise). A number takes the dtype of the tensor beside it.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// a + b
Tensor add(const Tensor& a, const Tensor& b);
/// a − b
Tensor subtract(const Tensor& a, const Tensor& b);
/// a · b
Tensor multiply(const Tensor& a, const Tensor& b);
/// a / b
Tensor divide(const Tensor& a, const Tensor& b);
/// −x
Tensor negate(const Tensor& x);
/// eˣ
Tensor exp(const Tensor& x);
/// ln x
Tensor log(const Tensor& x);
/// √x
Tensor sqrt(const Tensor& x);
/// x to the power of a constant.
Tensor pow(const Tensor& x, double exponent);

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

/// sum += term, without history: in place when nothing else sees the memory of `sum`. The shapes must be equal.
void accumulate(Array& sum, const Array& term);

}  // namespace tapestry
