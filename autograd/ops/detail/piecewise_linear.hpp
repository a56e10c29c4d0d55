// Piecewise linear elementwise operators. For .cpp files: templates full of loops.
#pragma once

#include <string_view>
#include <utility>

#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry::detail {

/// The gradient of `Pieces` at x: linear in the incoming gradient, and independent of x within a piece, so that its
/// derivative is itself.
template <class Pieces>
struct PiecewiseLinearGradient {
  static constexpr std::string_view name = Pieces::gradient_name;
  Pieces pieces_;
  SavedTensor x_;

  Array forward(const Tensor& gradient) const {
    return map_floating(name, gradient, x_.array(),
                        [pieces = pieces_](auto g, auto x) { return pieces.gradient(g, x); });
  }
  Tensor backward(const Tensor& gradient) const {
    return record(PiecewiseLinearGradient{pieces_, SavedTensor(x_.array())}, gradient);
  }
};

/// `Pieces` has a `name` and a `gradient_name`, `value(x)` and `gradient(g, x)`, which is g times the slope at x.
template <class Pieces>
struct PiecewiseLinear {
  static constexpr std::string_view name = Pieces::name;
  Pieces pieces_;
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return map_floating(name, x, [pieces = pieces_](auto value) { return pieces.value(value); });
  }
  Tensor backward(const Tensor& gradient) const {
    return record(PiecewiseLinearGradient<Pieces>{pieces_, SavedTensor(x_.array())}, gradient);
  }
};

template <class Pieces>
Tensor record_pieces(Pieces pieces, const Tensor& x) {
  return record(PiecewiseLinear<Pieces>{std::move(pieces)}, x);
}

}  // namespace tapestry::detail
