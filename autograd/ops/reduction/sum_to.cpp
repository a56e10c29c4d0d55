// sum_to and broadcast_to, each the other's derivative; sum and mean are made of them.
#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/core/reduce.hpp>

namespace tapestry {
namespace {

struct SumTo {
  static constexpr std::string_view name = "sum";
  Shape to_;
  Shape from_ = {};

  Array forward(const Tensor& x) {
    from_ = x.shape();
    return sum_to(x.array(), to_);
  }
  Tensor backward(const Tensor& gradient) const { return broadcast_to(gradient, from_); }
};

struct BroadcastTo {
  static constexpr std::string_view name = "broadcast_to";
  Shape to_;
  Shape from_ = {};

  Array forward(const Tensor& x) {
    from_ = x.shape();
    if (broadcast_shapes(from_, to_, name) != to_) {
      throw ShapeError(fmt::format("{}: {} does not broadcast to {}", name, to_string(from_), to_string(to_)));
    }
    return visit_dtype(x.dtype(), [&]<class T>() {
      const MemoryFormat format = x.rank() == to_.rank() ? x.array().format() : MemoryFormat::row_major;
      return map<T>(BroadcastPlan(x.array(), to_, format), [](T value, T) { return value; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return sum_to(gradient, from_); }
};

Tensor reduce(const Tensor& x, const detail::Reduction& reduction, bool keepdim) {
  const Tensor kept = record(SumTo{.to_ = reduction.kept}, x);
  return keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace

Tensor sum_to(const Tensor& x, const Shape& shape) {
  detail::check_floating("sum_to", x);
  return x.shape() == shape ? x : record(SumTo{.to_ = shape}, x);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : record(BroadcastTo{.to_ = shape}, x);
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
