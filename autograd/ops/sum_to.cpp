// sum_to and broadcast_to, each the other's derivative; sum and mean are made of them.
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/ops/shape.hpp>
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
    return visit_floating(name, x.dtype(), [&]<class T>() {
      const Array target =
          Array::empty(to_, x.dtype(), x.rank() == to_.rank() ? x.array().format() : MemoryFormat::row_major);
      return map<T>(x.array(), target, name, [](T value, T) { return value; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return sum_to(gradient, from_); }
};

struct Reduction {
  Shape kept;              ///< with size 1 along the reduced axes
  Shape dropped;           ///< without them
  std::int64_t count = 1;  ///< elements in each sum
};

Reduction reduction_of(std::string_view operation, const Shape& shape, const std::vector<int>& axes) {
  std::array<bool, Shape::max_rank> reduced{};
  for (const int axis : axes) {
    bool& mark = reduced[static_cast<std::size_t>(shape.checked_axis(axis))];
    if (mark) {
      throw ShapeError(fmt::format("{}: axis {} of {} comes twice in [{}]", operation, axis, to_string(shape),
                                   fmt::join(axes, ", ")));
    }
    mark = true;
  }
  Reduction result{.kept = shape, .dropped = {}};
  std::vector<std::int64_t> rest;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (reduced[static_cast<std::size_t>(axis)]) {
      result.kept = result.kept.with(axis, 1);
      result.count *= shape[axis];
    } else {
      rest.push_back(shape[axis]);
    }
  }
  result.dropped = Shape(std::span<const std::int64_t>(rest));
  return result;
}

std::vector<int> all_axes(const Tensor& x) {
  std::vector<int> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  return axes;
}

Tensor reduce(const Tensor& x, const Reduction& reduction, bool keepdim) {
  const Tensor kept = record(SumTo{.to_ = reduction.kept}, x);
  return keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace

Tensor sum_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : record(SumTo{.to_ = shape}, x);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : record(BroadcastTo{.to_ = shape}, x);
}

Tensor sum(const Tensor& x) {
  return sum(x, all_axes(x));
}

Tensor sum(const Tensor& x, const std::vector<int>& axes, bool keepdim) {
  return reduce(x, reduction_of("sum", x.shape(), axes), keepdim);
}

Tensor mean(const Tensor& x) {
  return mean(x, all_axes(x));
}

Tensor mean(const Tensor& x, const std::vector<int>& axes, bool keepdim) {
  const Reduction reduction = reduction_of("mean", x.shape(), axes);
  if (reduction.count == 0) throw ValueError(fmt::format("mean: of no elements (input {})", to_string(x.shape())));
  return reduce(x, reduction, keepdim) * (1.0 / static_cast<double>(reduction.count));
}

}  // namespace tapestry
