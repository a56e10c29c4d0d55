#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

void check_same_floating(std::string_view operation, const Tensor& a, const Tensor& b) {
  for (const Tensor* x : {&a, &b}) {
    if (!is_floating(x->dtype())) throw_not_floating(operation, x->dtype());
  }
  if (a.dtype() != b.dtype()) {
    throw DTypeError(fmt::format("{}: expected one dtype, got {} and {}\nhint: convert with to(DType)", operation,
                                 to_string(a.array()), to_string(b.array())));
  }
}

void check_rank(std::string_view operation, std::string_view argument, const Tensor& x, int rank) {
  if (x.rank() != rank) {
    throw ShapeError(
        fmt::format("{}: expected {} of rank {}, got {}", operation, argument, rank, to_string(x.shape())));
  }
}

}  // namespace tapestry::detail
