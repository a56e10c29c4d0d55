#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

void check_positive(std::string_view operation, std::string_view option, std::int64_t value) {
  if (value < 1) throw ValueError(fmt::format("{}: {} must be at least 1, got {}", operation, option, value));
}

}  // namespace tapestry

namespace tapestry::detail {

void check_floating(std::string_view operation, const Tensor& x) {
  if (!is_floating(x.dtype())) throw_not_floating(operation, x.dtype());
}

void check_same_dtype(std::string_view operation, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) {
    throw DTypeError(fmt::format("{}: expected the same dtype, got {} and {}\nhint: convert with to(DType)", operation,
                                 to_string(a.array()), to_string(b.array())));
  }
}

void check_same_floating(std::string_view operation, const Tensor& a, const Tensor& b) {
  check_floating(operation, a);
  check_floating(operation, b);
  check_same_dtype(operation, a, b);
}

void check_rank(std::string_view operation, std::string_view argument, const Tensor& x, int rank) {
  if (x.rank() != rank) {
    throw ShapeError(
        fmt::format("{}: expected {} of rank {}, got {}", operation, argument, rank, to_string(x.shape())));
  }
}

std::string index_of(std::int64_t element, const Shape& shape) {
  std::string index;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index = fmt::format("{}{}{}", element % shape[axis], index.empty() ? "" : ", ", index);
    element /= shape[axis];
  }
  return index;
}

std::array<bool, Shape::max_rank> marked_axes(std::string_view operation, const Shape& shape,
                                              const std::vector<int>& axes) {
  std::array<bool, Shape::max_rank> marked{};
  for (const int axis : axes) {
    if (std::exchange(marked[static_cast<std::size_t>(shape.checked_axis(axis))], true)) {
      throw ShapeError(fmt::format("{}: axis {} of {} is listed twice in [{}]", operation, axis, to_string(shape),
                                   fmt::join(axes, ", ")));
    }
  }
  return marked;
}

void check_bias(std::string_view operation, const Tensor& weight, const Tensor& bias) {
  if (!bias.defined()) return;
  check_same_floating(operation, weight, bias);
  if (bias.shape() == Shape{weight.size(0)}) return;
  throw ShapeError(fmt::format("{}: expected a bias of shape [{}] (weight {}), got {}", operation, weight.size(0),
                               to_string(weight.shape()), to_string(bias.shape())));
}

}  // namespace tapestry::detail
