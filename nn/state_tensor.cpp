#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/state_tensor.hpp>

namespace tapestry::nn {

StateTensor& StateTensor::operator=(const Tensor& values) {
  if (!defined()) {
    throw ValueError(
        "StateTensor: cannot assign to a parameter or buffer that is not registered\n"
        "hint: register it first with add_parameter or add_buffer");
  }
  if (values.shape() != tensor_.shape()) {
    throw ShapeError(fmt::format("StateTensor: expected values of shape {}, got {}", to_string(tensor_.shape()),
                                 to_string(values.shape())));
  }
  Array(tensor_.array()).copy_from(values.array());
  return *this;
}

}  // namespace tapestry::nn
