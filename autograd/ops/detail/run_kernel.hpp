// Forwards that are one call of a kernel from array to array. For .cpp files.
#pragma once

#include <string_view>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/dtype.hpp>

namespace tapestry::detail {

/// The array of `shape` and `format` that `kernel(in, out)` writes, given the elements of x in that format. Throws a
/// DTypeError naming `operation` unless x is floating.
template <class Kernel>
Array run_kernel(std::string_view operation, const Tensor& x, const Shape& shape, MemoryFormat format,
                 const Kernel& kernel) {
  const Array in = x.array().contiguous(format);
  Array out = Array::empty(shape, x.dtype(), format);
  visit_floating(operation, x.dtype(), [&]<class T>() { kernel(in.data<T>(), out.mutable_data<T>()); });
  return out;
}

}  // namespace tapestry::detail
