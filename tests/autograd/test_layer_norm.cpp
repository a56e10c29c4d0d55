// Conventions and edge cases of layer, root-mean-square, group, instance and local response norm.
#include <cmath>
#include <functional>
#include <limits>
#include <span>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/random.hpp>

#include "autograd/generate.hpp"
#include "pool2d_cases.hpp"

namespace test_layer_norm {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Array normal(const Shape& shape, double mean, double deviation, std::uint64_t seed = 3) {
  RandomStream random{.seed = seed};
  return random.normal(shape, mean, deviation, DType::f32);
}

/// A centered norm of (N, 6, H, W) with a weight and a bias per normalized element or channel; `bias_at` is what the
/// bias is at an element.
struct Norm {
  std::string name;
  Shape weight_shape;
  std::int64_t group;  ///< elements normalized together: as many neighbors in row-major order
  std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)> apply;
};

std::vector<Norm> centered_norms(std::int64_t height, std::int64_t width) {
  return {{"layer_norm",
           {6, height, width},
           6 * height * width,
           [=](const Tensor& x, const Tensor& weight, const Tensor& bias) {
             return layer_norm(x, {6, height, width}, weight, bias);
           }},
          {"group_norm",
           {6},
           2 * height * width,
           [](const Tensor& x, const Tensor& weight, const Tensor& bias) { return group_norm(x, 3, weight, bias); }},
          {"instance_norm", {6}, height * width, [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
             return instance_norm(x, {}, {}, weight, bias);
           }}};
}

/// Calls `check(values of a group)` for neighbors in row-major order.
template <class Check>
void for_each_group(const Array& x, std::int64_t size, const Check& check) {
  const auto values = values_of(x);
  for (std::size_t at = 0; at < values.size(); at += static_cast<std::size_t>(size))
    check(std::span(values).subspan(at, static_cast<std::size_t>(size)));
}

struct Moments {
  double mean, variance;
};

Moments moments(std::span<const double> values) {
  const auto n = static_cast<long double>(values.size());
  long double mean = 0, variance = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) variance += (value - mean) * (value - mean) / n;
  return {static_cast<double>(mean), static_cast<double>(variance)};
}

}  // namespace

TEST_CASE("layer and group and instance norm of constant values are exactly the bias") {
  for (const Norm& norm : centered_norms(5, 7)) {
    INFO(norm.name);
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Array weight = Array::full(norm.weight_shape, 1.7, dtype);
      const Array bias = Array::full(norm.weight_shape, 0.3, dtype);
      for (const double constant : {1e10, -1e10, 0.1}) {
        const Shape shape = {4, 6, 5, 7};
        require_equal(norm.apply(Array::full(shape, constant, dtype), weight, bias).array(),
                      Array::full(shape, 0.3, dtype));
      }
    }
  }
}

TEST_CASE("layer and group and instance norm find a small variance beside a large mean") {
  const Array x = normal({3, 6, 23, 19}, 100, 0.01);
  for (const Norm& norm : centered_norms(23, 19)) {
    INFO(norm.name);
    std::vector<Moments> wanted;
    for_each_group(x, norm.group, [&](auto values) { wanted.push_back(moments(values)); });
    std::size_t group = 0;
    for_each_group(norm.apply(x, {}, {}).array(), norm.group, [&](auto values) {
      const Moments got = moments(values);
      const double variance = wanted[group++].variance;
      REQUIRE(std::abs(got.mean) < 1e-6);
      REQUIRE(std::abs(got.variance * (variance + 1e-5) / variance - 1) < 1e-6);
    });
  }
}

TEST_CASE("layer and group and instance norm of values of 1e30 are finite and normalized") {
  const Array x = normal({2, 6, 5, 7}, 0, 1e30);
  const Array seed = normal(x.shape(), 0, 1e30, 9);
  for (const Norm& norm : centered_norms(5, 7)) {
    INFO(norm.name);
    for_each_group(norm.apply(x, {}, {}).array(), norm.group, [](auto values) {
      REQUIRE(std::abs(moments(values).mean) < 1e-6);
      REQUIRE(std::abs(moments(values).variance - 1) < 1e-6);
    });
    for (const bool create_graph : {false, true}) {
      const std::vector<Tensor> leaves = {leaf(x), leaf(Array::full(norm.weight_shape, 1)),
                                          leaf(Array::zeros(norm.weight_shape))};
      const auto gradients =
          grad(norm.apply(leaves[0], leaves[1], leaves[2]), leaves, seed, {.create_graph = create_graph});
      for (const Tensor& gradient : gradients) {
        for (const double value : values_of(gradient.array())) REQUIRE(std::isfinite(value));
      }
    }
  }
  for_each_group(rms_norm(x, {5, 7}).array(), 35, [](auto values) {
    double square = 0;
    for (const double value : values) square += value * value / 35;
    REQUIRE(std::abs(square - 1) < 1e-6);
  });
}

TEST_CASE("layer and group and instance norm have input gradients that sum to zero") {
  const Array x = normal({2, 6, 11, 7}, 3, 2);
  const Array seed = normal(x.shape(), 1, 1, 6);
  for (const Norm& norm : centered_norms(11, 7)) {
    INFO(norm.name);
    const std::vector<Tensor> leaves = {leaf(x), leaf(Array::full(norm.weight_shape, 1.5))};
    const Array dx = grad(norm.apply(leaves[0], leaves[1], {}), leaves, seed)[0].array();
    // Values of about 1, each rounded to 6e-8.
    for_each_group(dx, norm.group, [&](auto values) {
      double sum = 0;
      for (const double value : values) sum += value;
      REQUIRE(std::abs(sum) < static_cast<double>(norm.group) * 6e-8);
    });
  }
}

TEST_CASE("layer and group and instance norm have the same gradients in both forms") {
  const Array x = normal({3, 6, 5, 7}, 100, 0.1);
  const Array seed = normal(x.shape(), 0, 1, 6);
  for (const Norm& norm : centered_norms(5, 7)) {
    INFO(norm.name);
    const auto gradients = [&](bool create_graph) {
      const std::vector<Tensor> leaves = {leaf(x), leaf(normal(norm.weight_shape, 1, 0.5, 4)),
                                          leaf(Array::zeros(norm.weight_shape))};
      return grad(norm.apply(leaves[0], leaves[1], leaves[2]), leaves, seed, {.create_graph = create_graph});
    };
    const auto fast = gradients(false);
    const auto composed = gradients(true);
    // Slopes of about 10, sums of up to 105 terms of about 3, each of some ten roundings.
    for (std::size_t i = 0; i < 3; ++i) require_close(composed[i].array(), fast[i].array(), 105 * 10 * 6e-8);
  }
}

TEST_CASE("layer and group norm give the same on every instruction set and the same bits at any number of threads") {
  for (const std::int64_t size : {1, 3, 8, 31, 67}) {
    const Array x = normal({257, 6, 1, size}, 1, 2).to(DType::f64);
    const Array seed = normal(x.shape(), 0, 1, 6).to(DType::f64);
    for (const Norm& norm : centered_norms(1, size)) {
      if (norm.group < 2) continue;
      INFO(norm.name << " size " << size);
      std::vector<Array> first;
      for_each_target([&] {
        std::vector<Array> on_target;
        for_each_thread_count([&] {
          const std::vector<Tensor> leaves = {leaf(x), leaf(normal(norm.weight_shape, 1, 0.5, 4).to(DType::f64)),
                                              leaf(Array::zeros(norm.weight_shape, DType::f64))};
          const Tensor y = norm.apply(leaves[0], leaves[1], leaves[2]);
          const auto gradients = grad(y, leaves, seed);
          const std::vector<Array> all = {y.array(), gradients[0].array(), gradients[1].array(), gradients[2].array()};
          if (on_target.empty()) on_target = all;
          if (first.empty()) first = all;
          for (std::size_t i = 0; i < all.size(); ++i) {
            require_equal(all[i], on_target[i]);
            // Sums in another order: of up to 257 terms of about 10.
            require_close(all[i], first[i], 1e-12);
          }
        });
      });
    }
  }
}

TEST_CASE("normalizations agree with PyTorch") {
  // PyTorch 1.13, in float.
  const Array x = f64({2, 4}, {1, 2, 4, 9, 0, 0, 1, 1});
  require_close(layer_norm(x, {4}).array(),
                f64({2, 4}, {-0.9733280539512634, -0.6488853693008423, 0, 1.622213363647461, -0.999980092048645,
                             -0.999980092048645, 0.999980092048645, 0.999980092048645}),
                1e-6);
  require_close(group_norm(f64({1, 4, 2}, {0, 1, 4, 9, 16, 25, 36, 49}), 2).array(),
                f64({1, 4, 2}, {-0.9999996423721313, -0.7142854332923889, 0.14285708963871002, 1.5714279413223267,
                                -1.2561832666397095, -0.5267865657806396, 0.3646983802318573, 1.418271541595459}),
                1e-6);
  require_close(local_response_norm(f64({1, 6, 1, 1}, {1, 2, 3, 4, 5, 6}), 4, 2, 0.75, 1.5).array(),
                f64({1, 6, 1, 1}, {0.3535533845424652, 0.40175917744636536, 0.36644455790519714, 0.3242846131324768,
                                   0.29020172357559204, 0.3772300183773041}),
                1e-6);
}

TEST_CASE("rms_norm uses the machine epsilon of the dtype by default") {
  const double tiny = std::sqrt(std::numeric_limits<float>::epsilon());
  // The mean square is as large as the epsilon of f32.
  REQUIRE(std::abs(rms_norm(Array::full({1, 4}, tiny), {4}).array().at({0, 0}) - std::sqrt(0.5)) < 1e-6);
  REQUIRE(std::abs(rms_norm(Array::full({1, 4}, tiny, DType::f64), {4}).array().at({0, 0}) - 1) < 1e-6);
  REQUIRE(std::abs(rms_norm(Array::full({1, 4}, 1), {4}, {}, 3).array().at({0, 0}) - 0.5) < 1e-6);
}

TEST_CASE("instance_norm updates running statistics by the averages over the samples") {
  const Array x = f64({2, 2, 2}, {1, 3, 2, 2, 5, 9, 0, 4});
  const Array mean = Array::zeros({2}, DType::f64);
  const Array var = Array::full({2}, 1, DType::f64);
  instance_norm(x, mean, var, {}, {}, {.momentum = 0.5});
  // PyTorch 1.13: means 2 and 7, 2 and 2; unbiased variances 2 and 8, 0 and 8.
  REQUIRE(values_of(mean) == std::vector<double>{2.25, 1});
  REQUIRE(values_of(var) == std::vector<double>{3, 2.5});

  const auto version = mean.version();
  instance_norm(Array::zeros({0, 2, 2}, DType::f64), mean, var);
  CHECK_THROWS(instance_norm(Array::zeros({2, 2, 1}, DType::f64), mean, var));
  Array broken = x.clone();
  broken.mutable_data<double>()[0] = infinity;
  const auto y = values_of(instance_norm(broken, mean, var).array());
  REQUIRE(mean.version() == version);
  REQUIRE(values_of(var) == std::vector<double>{3, 2.5});
  for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(std::isnan(y[i]) == (i < 2));
}

TEST_CASE("a NaN stays within its normalization group") {
  Array x = normal({2, 6, 3, 5}, 0, 1);
  x.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  for (const Norm& norm : centered_norms(3, 5)) {
    INFO(norm.name);
    std::int64_t groups_with_nan = 0;
    for_each_group(norm.apply(x, {}, {}).array(), norm.group, [&](auto values) {
      for (const double value : values) REQUIRE(std::isnan(value) == std::isnan(values[0]));
      groups_with_nan += std::isnan(values[0]) ? 1 : 0;
    });
    REQUIRE(groups_with_nan == 1);
  }
}

TEST_CASE("local_response_norm gives the same bits at any number of threads and is finite for 1e30") {
  const Array x = normal({3, 17, 19, 23}, 0, 1);
  std::vector<std::vector<double>> results;
  for_each_thread_count([&] {
    const Tensor image = leaf(x);
    const Tensor y = local_response_norm(image, 5);
    auto all = values_of(y.array());
    const auto dx = values_of(grad(y, {image}, x)[0].array());
    all.insert(all.end(), dx.begin(), dx.end());
    results.push_back(std::move(all));
    REQUIRE(results.back() == results.front());
  });
  const Tensor large = leaf(normal({1, 5, 2, 3}, 0, 1e30));
  const Tensor y = local_response_norm(large, 3);
  for (const double value : values_of(y.array())) REQUIRE(std::isfinite(value));
  for (const double value : values_of(grad(y, {large}, Array::full(y.shape(), 1))[0].array()))
    REQUIRE(std::isfinite(value));
}

}  // namespace test_layer_norm
