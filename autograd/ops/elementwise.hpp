// Elementwise forwards in one line. For .cpp files: templates full of loops, not part of the umbrella header.
#pragma once

#include <string_view>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry::detail {

/// The array of f(element), f a generic callable. Throws a DTypeError naming `operation` unless x is floating.
template <class F>
Array map_floating(std::string_view operation, const Tensor& x, const F& f) {
  return visit_floating(operation, x.dtype(), [&]<class T>() { return map<T>(x.array(), f); });
}

/// The array of f(element of a, element of b) under broadcasting, f a generic callable. Throws a DTypeError or
/// ShapeError naming `operation` unless both are of one floating dtype and their shapes broadcast.
template <class F>
Array map_floating(std::string_view operation, const Tensor& a, const Tensor& b, const F& f) {
  check_same_floating(operation, a, b);
  return visit_floating(operation, a.dtype(), [&]<class T>() { return map<T>(a.array(), b.array(), operation, f); });
}

}  // namespace tapestry::detail
