// Sums, means, variances and norms over axes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "operators/reduction_samples.hpp"

namespace test_reduction {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double total_of(const std::vector<double>& values) {
  long double total = 0;
  for (const double value : values) total += value;
  return static_cast<double>(total);
}

double mean_of(const std::vector<double>& values) {
  return total_of(values) / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("operator: sum") {
  const ReductionCall of_axes = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return sum(x, axes, keepdim);
  };
  check_operator({.name = "sum",
                  .sample = [&](Generator& random) { return reduction_sample(random, of_axes, total_of); },
                  .on_empty = {{[](Inputs in) { return sum(in[0]); }, {zeros({0, 3})}, zeros({})},
                               {[](Inputs in) { return sum(in[0], {1}); }, {zeros({0, 3})}, zeros({0})},
                               {[](Inputs in) { return sum(in[0], {0}, true); }, {zeros({0, 3})}, zeros({1, 3})}},
                  .rejections = reduction_rejections("sum", of_axes),
                  .gradients = linear_in_each,
                  .tolerance = 1e-13,
                  .format_tolerance = 1e-13});
}

TEST_CASE("operator: mean") {
  const ReductionCall of_axes = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return mean(x, axes, keepdim);
  };
  auto rejections = reduction_rejections("mean", of_axes);
  rejections.push_back(rejects<ValueError>(
      [] {
        return mean(zeros({0, 3}));
      },
      "mean: expected at least one element, got none (input [0, 3])"));
  rejections.push_back(rejects<ValueError>(
      [] {
        return mean(zeros({0, 3}), {0});
      },
      "mean: expected at least one element, got none (input [0, 3])"));
  check_operator({.name = "mean",
                  .sample = [&](Generator& random) { return reduction_sample(random, of_axes, mean_of); },
                  .on_empty = {{[](Inputs in) { return mean(in[0], {1}, true); }, {zeros({0, 3})}, zeros({0, 1})}},
                  .rejections = rejections,
                  .gradients = linear_in_each,
                  .format_tolerance = 1e-14});
}

TEST_CASE("operator: var") {
  const auto sample = [](Generator& random) {
    const double correction = random.one_in(2) ? 1 : 0;
    const ReductionCall call = [=](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
      return var(x, axes, {.correction = correction, .keepdim = keepdim});
    };
    const auto plain = [=](const std::vector<double>& values) {
      const double mean = mean_of(values);
      long double total = 0;
      for (const double value : values) total += (value - mean) * (value - mean);
      return static_cast<double>(total) / (static_cast<double>(values.size()) - correction);
    };
    Sample made = reduction_sample(random, call, plain, 2);
    made.options += ", correction " + std::to_string(correction);
    return made;
  };
  const ReductionCall of_axes = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return var(x, axes, {.keepdim = keepdim});
  };
  auto rejections = reduction_rejections("var", of_axes);
  rejections.push_back(rejects<ValueError>(
      [] {
        return var(zeros({1, 3}), {0});
      },
      "var: expected more elements than the correction 1, got 1 (input [1, 3])"));
  rejections.push_back(rejects<ValueError>(
      [] {
        return var(zeros({0, 3}), {0, 1}, {.correction = 0});
      },
      "var: expected more elements than the correction 0, got 0 (input [0, 3])"));
  check_operator({.name = "var",
                  .sample = sample,
                  .on_empty = {{[](Inputs in) { return var(in[0], {1}); }, {zeros({0, 3})}, zeros({0})}},
                  .rejections = rejections,
                  .f32_tolerance = 5e-6,
                  .format_tolerance = 1e-13});
}

TEST_CASE("a large mean does not cost precision in the variance") {
  // Steps of 2⁻⁷ about 128 are exact in f32; their variance is that of 0, 1, 2, …, 8 times 2⁻¹⁴.
  std::vector<float> values;
  for (int i = 0; i < 9000; ++i) values.push_back(128 + 0x1p-7F * static_cast<float>(i % 9));
  const double wanted = 60.0 / 9 * 0x1p-14;
  REQUIRE(std::abs(var(Array::from({9000}, values), {0}, {.correction = 0}).item() / wanted - 1) < 1e-6);
  REQUIRE(var(Array::full({2, 300}, 1e10)).item() == 0);
}

TEST_CASE("operator: norm") {
  const auto sample = [](Generator& random) {
    constexpr double orders[] = {1, 2, 3, 1.5, 0.5, infinity};
    const double p = orders[random.between(0, 5)];
    const ReductionCall call = [=](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
      return norm(x, p, axes, keepdim);
    };
    const auto plain = [=](const std::vector<double>& values) {
      double largest = 0;
      long double total = 0;
      for (const double value : values) {
        largest = std::max(largest, std::abs(value));
        total += std::pow(std::abs(value), p);
      }
      return std::isinf(p) ? largest : static_cast<double>(std::pow(total, 1 / p));
    };
    Sample made = reduction_sample(random, call, plain);
    made.options += ", p " + std::to_string(p);
    return made;
  };
  const ReductionCall of_axes = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return norm(x, 2, axes, keepdim);
  };
  auto rejections = reduction_rejections("norm", of_axes);
  rejections.push_back(rejects<ValueError>([] { return norm(zeros({3}), 0); }, "norm: p must be positive, got 0"));
  rejections.push_back(rejects<ValueError>([] { return norm(zeros({3}), NAN); }, "norm: p must be positive, got nan"));
  rejections.push_back(rejects<ValueError>([] { return norm(zeros({0}), infinity); },
                                           "norm: expected at least one element, got none (input [0])"));
  // Values reach 256² for p = 0.5, and gradients are ratios of such values.
  check_operator({.name = "norm",
                  .sample = sample,
                  .on_empty = {{[](Inputs in) { return norm(in[0]); }, {zeros({0, 3})}, zeros({})},
                               {[](Inputs in) { return norm(in[0], 2, {1}); }, {zeros({0, 3})}, zeros({0})}},
                  .rejections = rejections,
                  .tolerance = 1e-13,
                  .f32_tolerance = 1e-5,
                  .format_tolerance = 1e-13});
}

TEST_CASE("the norm of zeros has the derivative 0 and that of large numbers is finite") {
  for (const double p : {1.0, 2.0, 3.0, 0.5, infinity}) {
    INFO("p " << p);
    const Tensor x = leaf(Array::zeros({2, 3}, DType::f64));
    norm(x, p).backward();
    require_equal(x.grad().array(), Array::zeros({2, 3}, DType::f64));
    const Tensor huge = leaf(Array::full({4}, 1e30));
    const Tensor y = norm(huge, p);
    REQUIRE(std::abs(y.item() / (1e30 * (std::isinf(p) ? 1 : std::pow(4, 1 / p))) - 1) < 1e-6);
    y.backward();
    for (const double value : values_of(huge.grad().array())) REQUIRE((std::isfinite(value) && value > 0));
  }
  REQUIRE(norm(f32({2}, {1, INFINITY})).item() == infinity);
  REQUIRE(std::isnan(norm(f32({2}, {1, NAN})).item()));
  // One of many zeros: the derivative of the others is 0 too.
  const Tensor x = leaf(f64({3}, {0, -3, 0}));
  norm(x, 0.5).backward();
  require_equal(x.grad().array(), f64({3}, {0, -1, 0}));
}

TEST_CASE("operator: sum_to") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 4));
    const Shape part = random.broadcastable(x.shape());
    std::vector<double> sums(static_cast<std::size_t>(part.numel()), 0);
    Index index(static_cast<std::size_t>(x.rank()), 0);
    for (std::int64_t i = 0; i < x.numel(); ++i, advance(index, x.shape()))
      sums[broadcast_position(index, part)] += element(x, index);
    return Sample{.function = [=](Inputs in) { return sum_to(in[0], part); },
                  .inputs = {x},
                  .expected = Array::from(part, sums),
                  .options = to_string(part)};
  };
  const Tensor x = zeros({2, 3});
  check_operator({.name = "sum_to",
                  .sample = sample,
                  .on_empty = {{[](Inputs in) { return sum_to(in[0], {3}); }, {zeros({0, 3})}, zeros({3})}},
                  .rejections = {rejects<ShapeError>(
                                     [=] {
                                       return sum_to(x, {3, 2});
                                     },
                                     "sum_to: [3, 2] does not broadcast to [2, 3]"),
                                 rejects<DTypeError>([] { return sum_to(Tensor(Array::zeros({2}, DType::i64)), {1}); },
                                                     "sum_to: expected f32 or f64, got i64")},
                  .gradients = linear_in_each,
                  .tolerance = 1e-13,
                  .format_tolerance = 1e-13});
}

TEST_CASE("operator: broadcast_to") {
  const auto sample = [](Generator& random) {
    const Shape whole = random.shape(0, 4, 4);
    const Array x = random.reals(random.broadcastable(whole));
    return Sample{
        .function = [=](Inputs in) { return broadcast_to(in[0], whole); },
        .inputs = {x},
        .expected =
            made_of(whole, [&](const Index& index) { return x.data<double>()[broadcast_position(index, x.shape())]; }),
        .options = to_string(whole)};
  };
  const Tensor x = zeros({2, 3});
  // A gradient is a sum of up to 256 terms.
  check_operator({.name = "broadcast_to",
                  .sample = sample,
                  .on_empty = {{[](Inputs in) {
                                  return broadcast_to(in[0], {0, 3});
                                },
                                {zeros({3})},
                                zeros({0, 3})}},
                  .rejections = {rejects<ShapeError>(
                                     [=] { return broadcast_to(x, {2}); },
                                     "broadcast_to: shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from "
                                     "the end"),
                                 rejects<ShapeError>(
                                     [=] {
                                       return broadcast_to(x, {1, 3});
                                     },
                                     "broadcast_to: [2, 3] does not broadcast to [1, 3]")},
                  .gradients = linear_in_each,
                  .tolerance = 0,
                  .format_tolerance = 1e-13});
}

TEST_CASE("an image that is broadcast keeps its memory format") {
  const Array image = in_channels_last(Generator(1).reals({2, 3, 1, 5}));
  REQUIRE(broadcast_to(image, {2, 3, 4, 5}).array().format() == MemoryFormat::channels_last);
}

}  // namespace test_reduction
