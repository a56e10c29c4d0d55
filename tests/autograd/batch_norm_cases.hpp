// Data, a plain reference and helpers for the tests of batch_norm.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/random.hpp>

#include "core/generate.hpp"

namespace tapestry::testing {

using MemoryFormat::channels_last;

inline Array normal(const Shape& shape, double mean, double deviation, DType dtype = DType::f64,
                    std::uint64_t seed = 3) {
  RandomStream random{.seed = seed};
  return random.normal(shape, mean, deviation, dtype);
}

/// Calls `body(channel, element)` for the elements in row-major order.
template <class Body>
inline void for_each_element(const Shape& shape, const Body& body) {
  const std::int64_t plane = shape[2] * shape[3];
  for (std::int64_t i = 0; i < shape.numel(); ++i)
    body(static_cast<std::size_t>(i / plane % shape[1]), static_cast<std::size_t>(i));
}

struct Moments {
  std::vector<double> mean, variance;
};

/// Mean and variance (divided by n) in two passes of extended precision.
inline Moments moments(const Array& x) {
  const auto channels = static_cast<std::size_t>(x.size(1));
  const auto values = values_of(x);
  const auto n = static_cast<long double>(x.numel() / x.size(1));
  std::vector<long double> mean(channels), variance(channels);
  for_each_element(x.shape(), [&](std::size_t c, std::size_t i) { mean[c] += values[i] / n; });
  for_each_element(x.shape(), [&](std::size_t c, std::size_t i) {
    variance[c] += (values[i] - mean[c]) * (values[i] - mean[c]) / n;
  });
  return {.mean = {mean.begin(), mean.end()}, .variance = {variance.begin(), variance.end()}};
}

inline std::vector<double> reference(const Array& x, const Moments& m, const std::vector<double>& weight,
                                     const std::vector<double>& bias, double eps) {
  auto y = values_of(x);
  for_each_element(x.shape(), [&](std::size_t c, std::size_t i) {
    y[i] = (y[i] - m.mean[c]) / std::sqrt(m.variance[c] + eps) * weight[c] + bias[c];
  });
  return y;
}

inline void require_close(const Array& actual, const std::vector<double>& expected, double atol, double rtol) {
  const auto values = values_of(actual);
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool close = std::abs(values[i] - expected[i]) <= atol + rtol * std::abs(expected[i]);
    if (!close) FAIL("element " << i << ": " << values[i] << ", expected " << expected[i]);
  }
}

/// Requires the same bits; NaN counts as equal to itself.
inline void require_same(const std::vector<double>& got, const std::vector<double>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool same = got[i] == wanted[i] || (std::isnan(got[i]) && std::isnan(wanted[i]));
    if (!same) FAIL("element " << i << ": " << got[i] << ", expected " << wanted[i]);
  }
}

struct GradientsOf {
  Array dx, dweight, dbias;
};

inline GradientsOf gradients(const Array& x, const Array& mean, const Array& variance, const Array& weight,
                             const Array& bias, const Array& seed, bool training, bool create_graph = false) {
  const std::vector<Tensor> leaves = {Tensor(x).set_requires_grad(), Tensor(weight).set_requires_grad(),
                                      Tensor(bias).set_requires_grad()};
  const Tensor y = batch_norm(leaves[0], mean, variance, leaves[1], leaves[2], {.training = training});
  const auto result = grad(y, leaves, seed, {.create_graph = create_graph});
  return {result[0].array(), result[1].array(), result[2].array()};
}

}  // namespace tapestry::testing
