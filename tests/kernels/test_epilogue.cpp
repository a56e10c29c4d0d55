// `apply_epilogue`, the gradients of activations and their sums, against the definitions in double precision.
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include <tapestry/kernels/elementwise/channel_sums.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "kernels/execution.hpp"

namespace test_epilogue {

using namespace tapestry::kernels;

namespace {

constexpr double negative_slope = 0.25;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Definition {
  ActivationKind kind;
  double (*value)(double x);
  double (*slope)(double x);
};

double clamped(double x, double low, double high) {
  return std::min(std::max(x, low), high);
}
double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}
double normal_distribution(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}
double inner(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (x + 0.044715 * x * x * x);
}

const std::vector<Definition> definitions = {
    {ActivationKind::none, [](double x) { return x; }, [](double) { return 1.0; }},
    {ActivationKind::relu, [](double x) { return std::max(x, 0.0); }, [](double x) { return x > 0 ? 1.0 : 0.0; }},
    {ActivationKind::relu6, [](double x) { return clamped(x, 0, 6); },
     [](double x) { return x > 0 && x < 6 ? 1.0 : 0.0; }},
    {ActivationKind::leaky_relu, [](double x) { return x > 0 ? x : negative_slope * x; },
     [](double x) { return x > 0 ? 1.0 : negative_slope; }},
    {ActivationKind::hardsigmoid, [](double x) { return clamped(x + 3, 0, 6) / 6; },
     [](double x) { return x > -3 && x < 3 ? 1.0 / 6 : 0.0; }},
    {ActivationKind::hardswish, [](double x) { return x * clamped(x + 3, 0, 6) / 6; },
     [](double x) { return x <= -3  ? 0.0
                           : x >= 3 ? 1.0
                                    : x / 3 + 0.5; }},
    {ActivationKind::sigmoid, logistic, [](double x) { return logistic(x) * logistic(-x); }},
    {ActivationKind::silu, [](double x) { return x * logistic(x); },
     [](double x) { return logistic(x) * (1 + x * logistic(-x)); }},
    {ActivationKind::gelu, [](double x) { return x * normal_distribution(x); },
     [](double x) {
       return normal_distribution(x) + x * std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
     }},
    {ActivationKind::gelu_tanh, [](double x) { return 0.5 * x * (1 + std::tanh(inner(x))); },
     [](double x) {
       const double t = std::tanh(inner(x));
       const double slope = std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (1 + 3 * 0.044715 * x * x);
       return 0.5 * (1 + t + x * (1 - t * t) * slope);
     }},
};

/// Values around all kinks, on both sides of 0, and the kinks themselves.
template <class T>
std::vector<T> values(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> result(size);
  for (T& value : result) value = static_cast<T>(std::uniform_real_distribution<double>(-7, 7)(random));
  for (std::size_t i = 0; i + 4 < size; i += 97) {
    result[i] = 0;
    result[i + 1] = 3;
    result[i + 2] = -3;
    result[i + 3] = 6;
  }
  return result;
}

/// The tolerance for terms of magnitude up to 7, each rounded a few times.
template <class T>
double tolerance() {
  return 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
void require_epilogue(std::int64_t rows, std::int64_t channels, const Definition& definition) {
  INFO(rows << " rows of " << channels << ", activation " << static_cast<int>(definition.kind));
  const auto size = static_cast<std::size_t>(rows * channels);
  const auto width = static_cast<std::size_t>(channels);
  const auto x = values<T>(size, 1), addend = values<T>(size, 2), mean = values<T>(width, 3),
             scale = values<T>(width, 4), bias = values<T>(width, 5);
  const std::vector<T> rest(width, static_cast<T>(0.0078125));
  for (const bool has_affine : {false, true}) {
    for (const bool has_addend : {false, true}) {
      Epilogue<T> epilogue = {.activation = {definition.kind, negative_slope}};
      if (has_affine) epilogue.affine = {mean.data(), rest.data(), scale.data(), bias.data()};
      if (has_addend) epilogue.addend = addend.data();
      std::vector<T> y(size, 99), in_place = x, over_addend = addend, by_rows(size, 99);
      apply_epilogue({1, rows, channels}, x.data(), epilogue, y.data());
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t c = i % width;
        double wanted = x[i];
        if (has_affine) wanted = (wanted - mean[c] - rest[c]) * scale[c] + bias[c];
        if (has_addend) wanted += addend[i];
        wanted = definition.value(wanted);
        if (!(std::abs(y[i] - wanted) <= tolerance<T>() * 50)) FAIL("element " << i << ": " << y[i] << ", " << wanted);
      }
      apply_epilogue({1, rows, channels}, in_place.data(), epilogue, in_place.data());
      REQUIRE(in_place == y);
      // In a parallel region, as kernels call it, because denormals count as zero there.
      parallel_for(2, [&](std::int64_t piece, int) {
        if (piece == 0) apply_epilogue_rows(rows, channels, x.data(), epilogue, by_rows.data());
      });
      REQUIRE(by_rows == y);
      if (has_addend) epilogue.addend = over_addend.data();
      apply_epilogue({1, rows, channels}, x.data(), epilogue, over_addend.data());
      REQUIRE(over_addend == y);
    }
  }
}

template <class T>
void require_gradient(std::int64_t rows, std::int64_t channels, const Definition& definition) {
  INFO(rows << " rows of " << channels << ", activation " << static_cast<int>(definition.kind));
  const auto size = static_cast<std::size_t>(rows * channels);
  const auto x = values<T>(size, 1), dy = values<T>(size, 2);
  const Activation activation = {definition.kind, negative_slope};
  const ActivationSource<T> source = {activation, x.data(), /*is_output=*/false};
  std::vector<T> dx(size, 99), in_place = dy;
  activation_gradient(rows, channels, dy.data(), source, dx.data());
  for (std::size_t i = 0; i < size; ++i) {
    const double wanted = dy[i] * definition.slope(x[i]);
    // The derivative of the tanh approximation of gelu has the largest error: ten units of 1 − t², times x · u′ / 2 ≤ 5
    // where that is not yet 0, times 7.
    if (!(std::abs(dx[i] - wanted) <= 8 * tolerance<T>())) FAIL("element " << i << ": " << dx[i] << ", " << wanted);
  }
  activation_gradient(rows, channels, in_place.data(), source, in_place.data());
  REQUIRE(in_place == dx);

  using enum ActivationKind;
  if (definition.kind == relu || definition.kind == relu6 || definition.kind == sigmoid) {
    std::vector<T> y(size), from_output(size, 99);
    apply_epilogue({1, rows, channels}, x.data(), {.activation = activation}, y.data());
    activation_gradient(rows, channels, dy.data(), {activation, y.data(), /*is_output=*/true}, from_output.data());
    REQUIRE(from_output == dx);
  }

  // The gradient after an identity affine map.
  const std::vector<T> zeros(static_cast<std::size_t>(channels)), ones(static_cast<std::size_t>(channels), 1);
  std::vector<T> through_affine(size, 99);
  activation_gradient<T>(rows, channels, dy.data(),
                         {activation, x.data(), false, {zeros.data(), zeros.data(), ones.data(), zeros.data()}},
                         through_affine.data());
  REQUIRE(through_affine == dx);

  std::vector<double> scratch(static_cast<std::size_t>(channel_sums_scratch(rows, channels)), 99.0);
  std::vector<double> sums(static_cast<std::size_t>(channels), 99.0), together = sums;
  channel_sums(rows, channels, dx.data(), sums.data(), scratch.data());
  std::vector<T> again(size, 99);
  activation_gradient_sums(rows, channels, dy.data(), source, again.data(), together.data(), scratch.data());
  REQUIRE(again == dx);
  REQUIRE(together == sums);
  for (std::size_t c = 0; c < sums.size(); ++c) {
    double wanted = 0;
    for (std::size_t i = c; i < size; i += sums.size()) wanted += dx[i];
    // Up to 1031 terms of magnitude below 8, in doubles: 1031² · 8 · 2⁻⁵³.
    REQUIRE(std::abs(sums[c] - wanted) <= 1e-9);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("an epilogue and the gradients of activations match the definition on every instruction set", "",
                   float, double) {
  tapestry::testing::for_each_target([] {
    for (const Definition& definition : definitions) {
      for (const std::int64_t channels : {1, 3, 8, 13, 24, 71}) {
        for (const std::int64_t rows : {0, 1, 17, 1031}) {
          require_epilogue<TestType>(rows, channels, definition);
          require_gradient<TestType>(rows, channels, definition);
        }
      }
    }
  });
}

TEST_CASE("an epilogue and the sums of a gradient have the same bits at any number of threads") {
  constexpr std::int64_t rows = 5003, channels = 67;
  const auto x = values<float>(rows * channels, 1), dy = values<float>(rows * channels, 2);
  const Activation activation = {ActivationKind::silu, 0};
  std::vector<float> first_y;
  std::vector<double> first_sums;
  tapestry::testing::for_each_thread_count([&] {
    std::vector<float> y(x.size()), dx(x.size());
    std::vector<double> sums(channels), scratch(static_cast<std::size_t>(channel_sums_scratch(rows, channels)));
    apply_epilogue<float>({1, rows, channels}, x.data(), {.activation = activation}, y.data());
    activation_gradient_sums<float>(rows, channels, dy.data(), {activation, x.data(), false}, dx.data(), sums.data(),
                                    scratch.data());
    if (first_y.empty()) {
      first_y = y;
      first_sums = sums;
    }
    REQUIRE(y == first_y);
    REQUIRE(sums == first_sums);
  });
}

TEMPLATE_TEST_CASE("activations keep NaN and reach their limits at infinity", "", float, double) {
  tapestry::testing::for_each_target([] {
    for (const Definition& definition : definitions) {
      INFO("activation " << static_cast<int>(definition.kind));
      const Activation activation = {definition.kind, negative_slope};
      const std::vector<TestType> x = {std::numeric_limits<TestType>::quiet_NaN(), static_cast<TestType>(infinity),
                                       static_cast<TestType>(-infinity)};
      std::vector<TestType> y(3), dx(3);
      const std::vector<TestType> ones(3, 1);
      apply_epilogue<TestType>({1, 3, 1}, x.data(), {.activation = activation}, y.data());
      activation_gradient<TestType>(3, 1, ones.data(), {activation, x.data(), false}, dx.data());
      REQUIRE(std::isnan(y[0]));
      // Here the functions have reached their limits.
      REQUIRE((definition.value(1e9) > 6 ? y[1] == x[1] : y[1] == definition.value(1e9)));
      const bool grows = definition.value(-1e9) < -2;
      REQUIRE((grows ? y[2] == x[2] : y[2] == 0));
      REQUIRE(dx[1] == Approx(definition.slope(1e4)));
      REQUIRE(dx[2] == Approx(definition.slope(-1e4)).margin(1e-12));
    }
  });
}

}  // namespace test_epilogue
