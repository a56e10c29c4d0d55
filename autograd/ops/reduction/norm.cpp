#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/detail/weigh.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/reduce.hpp>

namespace tapestry {
namespace {

/// (Σ |x|ᵖ)^{1/p} for a positive, finite p other than 1, over axes that are kept with size 1.
struct Norm {
  static constexpr std::string_view name = "norm";
  double p_;
  detail::Reduction reduction_;
  Axes axes_;
  SavedTensor x_ = {}, y_ = {};

  // Relative to the largest element, so that no power overflows or underflows.
  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    Array y = reduction_.count == 0 ? Array::zeros(reduction_.kept, x.dtype()) : norm_of(x.array());
    y_ = SavedTensor::output(y);
    return y;
  }

  // g · sign(x) · (|x| / norm)^{p−1}, and 0 where the norm is 0.
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor y = y_.tensor();
    const Array is_zero = eq(y, 0);
    const Tensor inverse = where(is_zero, 0, 1 / where(is_zero, 1, y));
    if (p_ == 2) return gradient * inverse * x;
    const Tensor part = abs(x) * inverse;
    const Array signs = detail::map_floating(name, x.array(), part.array(), [](auto value, auto share) {
      using T = decltype(value);
      return share == 0 ? T{0} : value < 0 ? T{-1} : T{1};
    });
    return detail::weigh(gradient * pow(where(eq(part, 0), 1, part), p_ - 1), signs);
  }

 private:
  Array norm_of(const Array& x) const {
    const Array scales = amax(abs(x), axes_, true).array();
    const auto scale_of = [](auto largest) {
      return largest > 0 && std::isfinite(largest) ? largest : decltype(largest){1};
    };
    const Array powers = detail::map_floating(name, x, scales, [p = p_, scale_of](auto value, auto largest) {
      const auto part = std::abs(value) / scale_of(largest);
      return p == 2 ? part * part : std::pow(part, static_cast<decltype(part)>(p));
    });
    const Array sums = sum_to(powers, reduction_.kept);
    return detail::map_floating(name, sums, scales, [p = p_, scale_of](auto sum, auto largest) {
      const auto root = p == 2 ? std::sqrt(sum) : std::pow(sum, static_cast<decltype(sum)>(1 / p));
      return scale_of(largest) * root;
    });
  }
};

}  // namespace

Tensor norm(const Tensor& x, double p, const Axes& axes, bool keepdim) {
  const detail::Reduction reduction = detail::reduction_of("norm", x.shape(), axes);
  detail::check_floating("norm", x);
  if (!(p > 0)) throw ValueError(fmt::format("norm: p must be positive, got {}", p));
  if (p == 1) return sum(abs(x), axes, keepdim);
  if (std::isinf(p)) {
    detail::check_some("norm", x.shape(), reduction);
    return amax(abs(x), axes, keepdim);
  }
  const Tensor kept = record(Norm{.p_ = p, .reduction_ = reduction, .axes_ = axes}, x);
  return keepdim ? kept : reshape(kept, reduction.dropped);
}

}  // namespace tapestry
