#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/reduce.hpp>

namespace tapestry {
namespace {

struct Var {
  static constexpr std::string_view name = "var";
  Axes axes_;
  detail::Reduction reduction_;
  double divisor_;
  SavedTensor x_ = {};

  // Deviations from the mean; their sum corrects for the rounding of the mean.
  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    const Tensor value = x.array();
    const Tensor deviations = value - mean(value, axes_, true);
    const Array sums = sum_to(deviations, reduction_.kept).array();
    const Array squares = sum_to(deviations * deviations, reduction_.kept).array();
    return detail::map_floating(name, squares, sums, [n = reduction_.count, divisor = divisor_](auto square, auto sum) {
      const double rest = static_cast<double>(sum) * static_cast<double>(sum) / static_cast<double>(n);
      return static_cast<decltype(square)>((static_cast<double>(square) - rest) / divisor);
    });
  }

  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    return gradient * (2 / divisor_) * (x - mean(x, axes_, true));
  }
};

}  // namespace

Tensor var(const Tensor& x, const Axes& axes, const VarOptions& options) {
  const detail::Reduction reduction = detail::reduction_of("var", x.shape(), axes);
  detail::check_floating("var", x);
  const double divisor = static_cast<double>(reduction.count) - options.correction;
  if (!(divisor > 0)) {
    throw ValueError(fmt::format("var: expected more elements than the correction {}, got {} (input {})",
                                 options.correction, reduction.count, to_string(x.shape())));
  }
  const Tensor kept = record(Var{.axes_ = axes, .reduction_ = reduction, .divisor_ = divisor}, x);
  return options.keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace tapestry
