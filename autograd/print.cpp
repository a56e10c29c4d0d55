#include <ostream>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/detail/print.hpp>

namespace tapestry {

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  const Array value = tensor.defined() ? tensor.array() : Array();
  return out << detail::printed(value, "tensor", tensor.requires_grad() ? "requires_grad=true" : "");
}

}  // namespace tapestry
