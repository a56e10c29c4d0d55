// pad and its adjoint, which adds the gradient of every element to the element it was copied from.
#include <algorithm>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/shape/pad.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/pad.hpp>

namespace tapestry {
namespace {

struct Amounts {
  std::int64_t before = 0, after = 0;
};

/// The padding of arrays of one shape, with amounts for every axis.
struct Plan {
  Shape from, to;
  std::vector<Amounts> amounts;
  PaddingMode mode;
};

/// The position that position i of a padded axis is copied from, counted from the first element of x; −1 for none.
std::int64_t source_of(PaddingMode mode, std::int64_t i, std::int64_t size) {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case PaddingMode::zeros:
      break;
    case PaddingMode::reflect:
      return i < 0 ? -i : 2 * (size - 1) - i;
    case PaddingMode::replicate:
      return i < 0 ? 0 : size - 1;
    case PaddingMode::circular:
      return i < 0 ? i + size : i - size;
  }
  return -1;
}

/// The axes in memory order, slowest first. The fastest ones that are not padded are merged into `inner`.
struct MemoryAxes {
  std::vector<kernels::GatherAxis> axes;
  std::int64_t inner = 1;
};

MemoryAxes memory_axes(const Plan& plan, MemoryFormat format) {
  std::vector<int> order;
  for (int axis = 0; axis < plan.from.rank(); ++axis) order.push_back(axis);
  if (format == MemoryFormat::channels_last) std::rotate(order.end() - 3, order.end() - 2, order.end());
  MemoryAxes result;
  const auto is_padded = [&](int axis) {
    const auto [before, after] = plan.amounts[static_cast<std::size_t>(axis)];
    return before != 0 || after != 0;
  };
  while (!order.empty() && !is_padded(order.back())) {
    result.inner *= plan.from[order.back()];
    order.pop_back();
  }
  for (const int axis : order) {
    const std::int64_t before = plan.amounts[static_cast<std::size_t>(axis)].before;
    kernels::GatherAxis gathered{.source_size = plan.from[axis], .source = {}};
    for (std::int64_t i = 0; i < plan.to[axis]; ++i) {
      gathered.source.push_back(source_of(plan.mode, i - before, plan.from[axis]));
    }
    result.axes.push_back(std::move(gathered));
  }
  if (result.axes.empty()) result.axes.push_back({.source_size = 1, .source = {0}});
  return result;
}

struct PadGradient {
  static constexpr std::string_view name = "pad_gradient";
  Plan plan_;

  Array forward(const Tensor& gradient) const {
    Array dx = Array::empty(plan_.from, gradient.dtype(), gradient.array().format());
    if (dx.numel() == 0) return dx;
    const MemoryAxes memory = memory_axes(plan_, dx.format());
    visit_floating(name, dx.dtype(), [&]<class T>() {
      kernels::scatter_axes(memory.axes, memory.inner, gradient.array().data<T>(), dx.mutable_data<T>());
    });
    return dx;
  }

  Tensor backward(const Tensor& gradient) const;
};

struct Pad {
  static constexpr std::string_view name = "pad";
  Plan plan_;
  double value_ = 0;

  Array forward(const Tensor& x) const {
    Array y = Array::empty(plan_.to, x.dtype(), x.array().format());
    if (y.numel() == 0) return y;
    const MemoryAxes memory = memory_axes(plan_, y.format());
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::gather_axes(memory.axes, memory.inner, static_cast<T>(value_), x.array().data<T>(), y.mutable_data<T>());
    });
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return record(PadGradient{.plan_ = plan_}, gradient); }
};

Tensor PadGradient::backward(const Tensor& gradient) const {
  return record(Pad{.plan_ = plan_}, gradient);
}

/// The size of an axis including its padding.
std::int64_t padded_size(const Shape& shape, int axis, const Amounts& amounts) {
  std::int64_t size = 0;
  if (__builtin_add_overflow(amounts.before, amounts.after, &size) ||
      __builtin_add_overflow(size, shape[axis], &size)) {
    throw ShapeError(fmt::format("{}: the size of axis {} of {} padded by ({}, {}) overflows int64", Pad::name, axis,
                                 to_string(shape), amounts.before, amounts.after));
  }
  if (size < 0) {
    throw ShapeError(fmt::format("{}: the amounts ({}, {}) crop more than the size of axis {} of {}", Pad::name,
                                 amounts.before, amounts.after, axis, to_string(shape)));
  }
  return size;
}

}  // namespace

void detail::check_padding(std::string_view operation, PaddingMode mode, const Shape& shape, int axis,
                           std::int64_t before, std::int64_t after) {
  if (mode == PaddingMode::zeros) return;
  const auto reject = [&](std::string_view rule) {
    throw ValueError(fmt::format("{}: padding mode {} requires {}, got ({}, {}) for axis {} of {}", operation,
                                 to_string(mode), rule, before, after, axis, to_string(shape)));
  };
  const std::int64_t most = std::max(before, after);
  if (std::min(before, after) < 0) reject("non-negative amounts");
  if (most == 0) return;
  if (mode == PaddingMode::reflect && most >= shape[axis]) reject("amounts smaller than the axis");
  if (mode == PaddingMode::circular && most > shape[axis]) reject("amounts no larger than the axis");
  if (shape[axis] == 0) reject("a nonempty axis");
}

Tensor pad(const Tensor& x, const std::vector<std::int64_t>& amounts, PaddingMode mode, double value) {
  detail::check_floating(Pad::name, x);
  if (amounts.size() % 2 != 0) {
    throw ValueError(fmt::format("{}: expected a pair of amounts per axis, got {} amounts", Pad::name, amounts.size()));
  }
  if (amounts.size() / 2 > static_cast<std::size_t>(x.rank())) {
    throw ShapeError(fmt::format("{}: got {} pairs of amounts for {} of rank {}", Pad::name, amounts.size() / 2,
                                 to_string(x.shape()), x.rank()));
  }
  if (mode != PaddingMode::zeros && value != 0) {
    throw ValueError(
        fmt::format("{}: padding mode {} does not accept a value, got {}", Pad::name, to_string(mode), value));
  }
  Plan plan{.from = x.shape(),
            .to = x.shape(),
            .amounts = std::vector<Amounts>(static_cast<std::size_t>(x.rank())),
            .mode = mode};
  for (std::size_t i = 0; i < amounts.size(); i += 2) {
    const int axis = x.rank() - 1 - static_cast<int>(i / 2);
    const Amounts mine{.before = amounts[i], .after = amounts[i + 1]};
    detail::check_padding(Pad::name, mode, x.shape(), axis, mine.before, mine.after);
    plan.amounts[static_cast<std::size_t>(axis)] = mine;
    plan.to = plan.to.with(axis, padded_size(x.shape(), axis, mine));
  }
  return record(Pad{.plan_ = plan, .value_ = value}, x);
}

}  // namespace tapestry
