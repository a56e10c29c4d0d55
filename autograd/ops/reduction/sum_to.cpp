// sum_to and broadcast_to, each the derivative of the other, and sum and mean.
#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/core/reduce.hpp>

namespace tapestry {
namespace {

struct SumTo {
  static constexpr std::string_view name = "sum";
  static constexpr std::string_view adjoint_name = "broadcast_to";
  Shape from_, to_;

  Array forward(const Tensor& x) const { return sum_to(x.array(), to_); }

  Array adjoint(const Tensor& x) const {
    if (broadcast_shapes(to_, from_, adjoint_name) != from_) {
      throw ShapeError(fmt::format("{}: {} does not broadcast to {}", adjoint_name, to_string(to_), to_string(from_)));
    }
    return visit_dtype(x.dtype(), [&]<class T>() {
      const MemoryFormat format = x.rank() == from_.rank() ? x.array().format() : MemoryFormat::row_major;
      return map<T>(BroadcastPlan(x.array(), from_, format), [](T value, T) { return value; });
    });
  }
};

Tensor reduce(const Tensor& x, const detail::Reduction& reduction, bool keepdim) {
  const Tensor kept = detail::record_linear(SumTo{.from_ = x.shape(), .to_ = reduction.kept}, x);
  return keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace

Tensor sum_to(const Tensor& x, const Shape& shape) {
  detail::check_floating("sum_to", x);
  return x.shape() == shape ? x : detail::record_linear(SumTo{.from_ = x.shape(), .to_ = shape}, x);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : detail::record_adjoint(SumTo{.from_ = shape, .to_ = x.shape()}, x);
}

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(x, detail::reduction_of("sum", x.shape(), axes), keepdim);
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdim) {
  const detail::Reduction reduction = detail::reduction_of("mean", x.shape(), axes);
  detail::check_floating("mean", x);
  detail::check_some("mean", x.shape(), reduction);
  return reduce(x, reduction, keepdim) * (1.0 / static_cast<double>(reduction.count));
}

}  // namespace tapestry
