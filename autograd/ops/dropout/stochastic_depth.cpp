// dropout2d and stochastic_depth: masks of whole channels or samples.
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/dropout/detail/random_mask.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

constexpr std::string_view dropout2d_name = "dropout2d", stochastic_depth_name = "stochastic_depth";

/// x times a scale that broadcasts to it, and 0 where the scale is 0, even if x is not finite; linear in x and its own
/// adjoint.
template <const std::string_view& label>
struct DropParts {
  static constexpr std::string_view name = label;
  Array scale_;

  Array forward(const Tensor& x) const {
    return visit_floating(name, x.dtype(), [&]<class T>() {
      return map<T>(x.array(), scale_, name, [](T value, T scale) { return scale == 0 ? T{0} : value * scale; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return record(DropParts{*this}, gradient); }
};

template <const std::string_view& label>
Tensor drop_parts(const Tensor& x, const Shape& parts, double p, RandomStream& stream) {
  const RandomStream used = stream;
  ++stream.step;
  if (p == 0) return x;
  std::vector<std::uint8_t> keep(static_cast<std::size_t>(parts.numel()));
  detail::RandomMask(used, p).fill(0, parts.numel(), keep.data());
  std::vector<double> scale;
  for (const std::uint8_t kept : keep) scale.push_back(kept != 0 ? 1 / (1 - p) : 0);
  return record(DropParts<label>{Array::from(parts, scale).to(x.dtype())}, x);
}

}  // namespace

Tensor dropout2d(const Tensor& x, double p, RandomStream& stream) {
  detail::check_rank(dropout2d_name, "an input (N, C, H, W)", x, 4);
  check_dropout_probability(dropout2d_name, p);
  detail::check_floating(dropout2d_name, x);
  return drop_parts<dropout2d_name>(x, {x.size(0), x.size(1), 1, 1}, p, stream);
}

Tensor stochastic_depth(const Tensor& x, double p, RandomStream& stream, StochasticDepthMode mode) {
  check_dropout_probability(stochastic_depth_name, p);
  detail::check_floating(stochastic_depth_name, x);
  if (mode == StochasticDepthMode::batch) return drop_parts<stochastic_depth_name>(x, {}, p, stream);
  if (x.rank() == 0)
    throw ShapeError(fmt::format("{}: expected samples (N, …) in mode row, got a scalar", stochastic_depth_name));
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.rank()), 1);
  sizes[0] = x.size(0);
  return drop_parts<stochastic_depth_name>(x, Shape(sizes), p, stream);
}

}  // namespace tapestry
