// Properties of all kinds of dropout, and the probabilities of each.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"
#include "kernels/execution.hpp"

namespace test_dropout {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Kind {
  std::string name;
  std::function<Tensor(const Tensor& x, double p, RandomStream& stream)> drop;
  bool zeroes = true;  ///< dropped elements are 0
};

std::vector<Kind> kinds() {
  return {
      {"dropout", dropout},
      {"dropout2d", dropout2d},
      {"drop_connect", drop_connect},
      {"drop_block2d", [](const Tensor& x, double p, RandomStream& stream) { return drop_block2d(x, p, 3, stream); }},
      {"stochastic_depth",
       [](const Tensor& x, double p, RandomStream& stream) { return stochastic_depth(x, p, stream); }},
      {"alpha_dropout", alpha_dropout, false}};
}

/// Enough samples and channels for each kind to draw at least a hundred numbers.
const Shape shape = {101, 2, 5, 7};

/// The result for an input of ones.
std::vector<double> mask(const Kind& kind, double p, RandomStream stream, DType dtype = DType::f32) {
  return values_of(kind.drop(Array::full(shape, 1, dtype), p, stream).array());
}

std::vector<std::int64_t> bits(const Array& array) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(array.numel()));
  std::memcpy(result.data(), array.data<double>(), static_cast<std::size_t>(array.bytes()));
  return result;
}

}  // namespace

TEST_CASE("dropout with p = 0 preserves all bits and with p = 1 gives zeros and zero gradients") {
  Array x = Generator(1).reals(shape);
  const std::vector<double> odd_ones = {-0.0, NAN, infinity, 1e-310};
  std::copy(odd_ones.begin(), odd_ones.end(), x.mutable_data<double>() + 10);
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    RandomStream stream{.seed = 4};
    REQUIRE(bits(kind.drop(x, 0, stream).array()) == bits(x));
    const Tensor leaf_x = leaf(x);
    const Tensor none = kind.drop(leaf_x, 1, stream);
    require_equal(none.array(), Array::zeros(shape, DType::f64));
    none.backward(x, {});
    require_equal(leaf_x.grad().array(), Array::zeros(shape, DType::f64));
    REQUIRE(stream.step == 2);
  }
}

TEST_CASE("a dropped infinity or NaN is treated like any dropped element and a kept one is preserved") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    const RandomStream stream{.seed = 5};
    const auto of_ones = mask(kind, 0.5, stream);
    const double dropped = *std::min_element(of_ones.begin(), of_ones.end());
    REQUIRE((dropped == 0) == kind.zeroes);
    for (const double odd : {infinity, static_cast<double>(NAN)}) {
      RandomStream copy = stream;
      const Tensor x = leaf(Array::full(shape, odd));
      const Tensor y = kind.drop(x, 0.5, copy);
      y.backward(Array::full(shape, odd), {});
      const auto values = values_of(y.array()), gradients = values_of(x.grad().array());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_dropped = of_ones[i] == dropped;
        REQUIRE((is_dropped ? values[i] == dropped : !std::isfinite(values[i])));
        REQUIRE((is_dropped ? gradients[i] == 0 : !std::isfinite(gradients[i])));
      }
    }
  }
}

TEST_CASE("the mask is the same at any number of threads") {
  const ThreadCount one(1);
  const RandomStream stream{.seed = 7};
  const Array x = Generator(2).reals({7, 5, 41, 43}).to(DType::f32);
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    for (const auto& input : {x, in_channels_last(x)}) {
      const auto values = [&](int threads) {
        set_num_threads(threads);
        RandomStream copy = stream;
        return values_of(kind.drop(input, 0.3, copy).array());
      };
      const auto wanted = values(1);
      for (int threads = 2; threads <= 4; ++threads) REQUIRE(values(threads) == wanted);
    }
  }
}

TEST_CASE("the mask depends on seed and stream and step and not on the dtype") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    const auto one = mask(kind, 0.5, {.seed = 8, .stream = 1, .step = 1});
    REQUIRE(mask(kind, 0.5, {.seed = 8, .stream = 1, .step = 1}) == one);
    REQUIRE(mask(kind, 0.5, {.seed = 8, .stream = 2, .step = 1}) != one);
    REQUIRE(mask(kind, 0.5, {.seed = 8, .stream = 1, .step = 2}) != one);
    REQUIRE(mask(kind, 0.5, {.seed = 9, .stream = 1, .step = 1}) != one);
    const auto in_double = mask(kind, 0.5, {.seed = 8, .stream = 1, .step = 1}, DType::f64);
    for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(std::abs(in_double[i] - one[i]) < 1e-6);

    RandomStream stream{.seed = 8};
    const Tensor x = Array::full(shape, 1);
    REQUIRE(values_of(kind.drop(x, 0.5, stream).array()) != values_of(kind.drop(x, 0.5, stream).array()));
    REQUIRE(stream.step == 2);
  }
}

TEST_CASE("the mask follows row-major order in every memory format") {
  const Array x = Generator(3).reals({3, 5, 17, 19});
  const Array map = Generator(4).reals({3, 9, 11});
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    RandomStream one{.seed = 9}, other{.seed = 9};
    const Tensor image = kind.drop(in_channels_last(x), 0.5, one);
    REQUIRE(image.array().format() == MemoryFormat::channels_last);
    require_equal(image.array(), kind.drop(x, 0.5, other).array());
    if (kind.name == "dropout2d" || kind.name == "drop_block2d") continue;
    require_equal(kind.drop(in_channels_last(map), 0.5, one).array(), kind.drop(map, 0.5, other).array());
  }
}

TEST_CASE("backward uses the mask of the forward pass although the stream has moved on") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    RandomStream stream{.seed = 10};
    const auto of_ones = mask(kind, 0.5, stream);
    const auto of_zeros = [&] {
      RandomStream copy = stream;
      return values_of(kind.drop(Array::zeros(shape), 0.5, copy).array());
    }();
    const Tensor x = leaf(Array::full(shape, 3));
    const Tensor y = kind.drop(x, 0.5, stream);
    (void)kind.drop(x, 0.5, stream);
    y.backward(Array::full(shape, 1), {});
    const auto gradients = values_of(x.grad().array());
    // The slope of the map of each element; a difference of floats below 2 has an error of 1e-7.
    for (std::size_t i = 0; i < gradients.size(); ++i)
      REQUIRE(std::abs(gradients[i] - (of_ones[i] - of_zeros[i])) < 5e-7);
  }
}

TEST_CASE("dropout zeroes about the requested fraction") {
  RandomStream stream{.seed = 3};
  const auto values = values_of(dropout(Array::full({40, 50}, 1, DType::f64), 0.2, stream).array());
  const auto zeros = static_cast<double>(std::count(values.begin(), values.end(), 0.0));
  // Five standard deviations √(n·p·(1 − p)) of the count.
  REQUIRE(std::abs(zeros - 2000 * 0.2) < 5 * std::sqrt(2000 * 0.2 * 0.8));
  REQUIRE(zeros + static_cast<double>(std::count(values.begin(), values.end(), 1 / (1 - 0.2))) == 2000);
}

TEST_CASE("drop_block2d zeroes squares and keeps the sum of ones") {
  RandomStream stream{.seed = 12};
  const Array y = drop_block2d(Array::full({1, 1, 30, 40}, 1, DType::f64), 0.02, 5, stream).array();
  std::int64_t zeros = 0;
  double total = 0;
  for (std::int64_t i = 0; i < 30; ++i) {
    for (std::int64_t j = 0; j < 40; ++j) {
      zeros += y.at({0, 0, i, j}) == 0 ? 1 : 0;
      total += y.at({0, 0, i, j});
    }
  }
  // With this seed there are a few squares, and no two touch.
  REQUIRE((zeros > 0 && zeros % 25 == 0));
  // 1200 terms, rounded to 2⁻⁵³ each.
  REQUIRE(std::abs(total - 1200) < 1200 * 1200 * 0x1p-53);
}

TEST_CASE("drop_block2d drops about the requested fraction") {
  RandomStream stream{.seed = 13};
  const auto values = values_of(drop_block2d(Array::full({50, 20, 14, 14}, 1), 0.1, 3, stream).array());
  const auto zeros = static_cast<double>(std::count(values.begin(), values.end(), 0.0));
  // Squares may overlap: with n squares of 9 elements and the probability γ = 0.0151 for each, an element is
  // missed by all that reach it, usually 9, with (1 − γ)⁹ = 0.872. About 5 · 9 · √(n·γ) = 2100 elements either way.
  REQUIRE(zeros < 0.1 * 196000);
  REQUIRE(std::abs(zeros - 0.094 * 196000) < 2100);
}

TEST_CASE("alpha_dropout keeps mean 0 and variance 1") {
  RandomStream stream{.seed = 14};
  const std::int64_t n = 200000;
  const Array x = stream.normal({n}, 0, 1, DType::f64);
  for (const double p : {0.05, 0.5}) {
    double mean = 0, square = 0;
    for (const double value : values_of(alpha_dropout(x, p, stream).array())) {
      mean += value / static_cast<double>(n);
      square += value * value / static_cast<double>(n);
    }
    // Five standard deviations: 1/√n of the mean, and below √(3/n) of the mean square.
    REQUIRE(std::abs(mean) < 5 / std::sqrt(static_cast<double>(n)));
    REQUIRE(std::abs(square - 1) < 5 * std::sqrt(3 / static_cast<double>(n)));
  }
}

TEST_CASE("stochastic_depth keeps or drops entire samples and in mode batch all samples") {
  RandomStream stream{.seed = 15};
  const Array x = Array::full({40, 3}, 1);
  const auto rows = values_of(stochastic_depth(x, 0.5, stream).array());
  for (std::size_t i = 0; i < rows.size(); ++i) REQUIRE(rows[i] == rows[i / 3 * 3]);
  REQUIRE(std::count(rows.begin(), rows.end(), 0.0) + std::count(rows.begin(), rows.end(), 2.0) == 120);
  int dropped = 0;
  for (int i = 0; i < 40; ++i) {
    const auto all = values_of(stochastic_depth(x, 0.5, stream, StochasticDepthMode::batch).array());
    REQUIRE(std::count(all.begin(), all.end(), all[0]) == 120);
    dropped += all[0] == 0 ? 1 : 0;
  }
  // Forty coin flips: five standard deviations of √10.
  REQUIRE(std::abs(dropped - 20) < 16);
}

TEST_CASE("an invalid probability is reported with the given name") {
  REQUIRE_THROWS_WITH(check_dropout_probability("drop_path", -1), "drop_path: p must be in [0, 1], got -1");
  REQUIRE_THROWS_AS(check_dropout_probability("dropout", infinity), ValueError);
}

}  // namespace test_dropout
