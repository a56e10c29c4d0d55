#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <unistd.h>

#include <tapestry/core/error.hpp>

#include "batch_norm_cases.hpp"
#include "kernels/execution.hpp"

namespace test_batch_norm {
namespace {

using namespace tapestry;
using namespace tapestry::testing;

/// Training with default options, without running statistics, weight and bias.
Tensor normalize(const Tensor& x) {
  return batch_norm(x, {}, {}, {}, {}, {.training = true});
}

/// The output of `body` on stderr.
template <class Body>
std::string stderr_of(const Body& body) {
  std::fflush(stderr);
  std::FILE* file = std::tmpfile();
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  body();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  std::string text(static_cast<std::size_t>(std::max(0L, (std::fseek(file, 0, SEEK_END), std::ftell(file)))), ' ');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

/// Of y = (x − μ) · scale + bias the first term takes three roundings, of x − μ, of what the dtype lacks of μ and of
/// the scale, and y one. The statistics are those of doubles: their errors do not show.
void require_rounded(const Array& y, const std::vector<double>& expected, const Array& bias, double rounding) {
  const auto values = values_of(y), biases = values_of(bias);
  REQUIRE(values.size() == expected.size());
  for_each_element(y.shape(), [&](std::size_t c, std::size_t i) {
    const double bound = rounding * (3 * std::abs(expected[i] - biases[c]) + std::abs(expected[i])) + 1e-13;
    if (!(std::abs(values[i] - expected[i]) <= bound)) {
      FAIL("element " << i << ": " << values[i] << ", expected " << expected[i] << " ± " << bound);
    }
  });
}

}  // namespace

// The first test, so that no other one in this process has triggered the warning.
TEST_CASE("batch_norm does not update the running statistics for a batch with NaN and warns once") {
  const float not_finite[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  std::vector<std::string> warnings;
  for (const float value : not_finite) {
    Array x = normal({2, 3, 3, 2}, 0, 1, DType::f32);
    x.mutable_data<float>()[7] = value;  // in channel 1
    const Array mean = Array::full({3}, 0.5);
    const Array variance = Array::full({3}, 2);
    Tensor y;
    warnings.push_back(stderr_of([&] { y = batch_norm(x, mean, variance, {}, {}, {.training = true}); }));
    const auto values = values_of(y.array());
    for_each_element(x.shape(), [&](std::size_t c, std::size_t i) { REQUIRE(std::isnan(values[i]) == (c == 1)); });
    REQUIRE(values_of(mean) == std::vector<double>(3, 0.5));
    REQUIRE(values_of(variance) == std::vector<double>(3, 2));
  }
  REQUIRE(warnings[0] ==
          "tapestry: batch_norm: the statistics of a batch are not finite; its running statistics were not updated "
          "(reported once)\n");
  REQUIRE(warnings[1].empty());
}

TEST_CASE(
    "batch_norm agrees with a plain reference in both modes and dtypes and formats and on every instruction set") {
  for (const std::int64_t channels : {1, 2, 3, 4, 5, 8, 11, 16, 23, 32}) {
    const Shape shape = {3, channels, 5, 7};
    const Array x32 = normal(shape, 0.5, 2, DType::f32);
    const Array weight = normal({channels}, 1, 0.5, DType::f32, 4);
    const Array bias = normal({channels}, 0, 1, DType::f32, 5);
    const Moments batch = moments(x32);
    const Moments before = {.mean = std::vector<double>(static_cast<std::size_t>(channels), 0.25),
                            .variance = std::vector<double>(static_cast<std::size_t>(channels), 1.5)};
    const auto trained = reference(x32, batch, values_of(weight), values_of(bias), 1e-5);
    const auto evaluated = reference(x32, before, values_of(weight), values_of(bias), 1e-5);
    for_each_target([&] {
      for (const DType dtype : {DType::f32, DType::f64}) {
        for (const MemoryFormat format : {MemoryFormat::row_major, channels_last}) {
          const Array x = x32.to(dtype).contiguous(format);
          const Array mean = Array::full({channels}, 0.25, dtype);
          const Array variance = Array::full({channels}, 1.5, dtype);
          const double rounding = dtype == DType::f32 ? 0x1p-24 : 1e-14;
          const auto run = [&](bool training) {
            return batch_norm(x, mean, variance, weight.to(dtype), bias.to(dtype),
                              {.training = training, .momentum = 0.2});
          };
          require_rounded(run(false).array(), evaluated, bias, rounding);
          REQUIRE(values_of(mean) == before.mean);
          require_rounded(run(true).array(), trained, bias, rounding);
          REQUIRE(run(true).array().format() == channels_last);
          // Updated twice: the initial value has the weight 0.64, the batch 0.36.
          const double unbiased = 105.0 / 104;
          std::vector<double> new_mean, new_variance;
          for (std::size_t c = 0; c < batch.mean.size(); ++c) {
            new_mean.push_back(0.64 * 0.25 + 0.36 * batch.mean[c]);
            new_variance.push_back(0.64 * 1.5 + 0.36 * unbiased * batch.variance[c]);
          }
          require_close(mean, new_mean, 2 * rounding, 2 * rounding);
          require_close(variance, new_variance, 2 * rounding, 2 * rounding);
        }
      }
    });
  }
}

// The rounding of a mean of 1e5 to f32 is a fifth of the deviation here.
TEST_CASE("batch_norm loses no digits to a large mean") {
  const Array x = normal({3, 20, 5, 7}, 1e5, 0.02, DType::f32);
  const std::vector<double> ones(20, 1), zeros(20, 0);
  for_each_target([&] {
    require_rounded(normalize(x).array(), reference(x, moments(x), ones, zeros, 1e-5), Array::zeros({20}), 0x1p-24);
  });
}

TEST_CASE("batch_norm uses batch statistics in evaluation without running statistics") {
  const Array x = normal({2, 3, 4, 5}, 5, 3);
  REQUIRE(values_of(batch_norm(x, {}, {}, {}, {}, {.training = false}).array()) == values_of(normalize(x).array()));
}

TEST_CASE("batch_norm of a constant channel is exactly its bias") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Array bias = Array::from({3}, std::vector<double>{0.1, -2, 3}).to(dtype);
    const auto shift = values_of(bias);
    for (const double constant : {1e10, -1e10, 0.1}) {
      const Array x = Array::full({4, 3, 5, 7}, constant, dtype);
      const auto y = values_of(batch_norm(x, {}, {}, Array::full({3}, 1.7, dtype), bias, {.training = true}).array());
      for_each_element(x.shape(), [&](std::size_t c, std::size_t i) { REQUIRE(y[i] == shift[c]); });
    }
  }
}

TEST_CASE("batch_norm finds a small variance beside a large mean") {
  const Array x = normal({16, 5, 13, 11}, 100, 0.01, DType::f32);
  const Array mean = Array::zeros({5}, DType::f64);
  const Array variance = Array::zeros({5}, DType::f64);
  batch_norm(x, mean, variance, {}, {}, {.training = true, .momentum = 1});
  const Moments expected = moments(x);
  for (std::size_t c = 0; c < 5; ++c) {
    const double unbiased = expected.variance[c] * (16 * 13 * 11) / (16 * 13 * 11 - 1);
    REQUIRE(std::abs(values_of(variance)[c] - unbiased) <= 1e-4 * unbiased);
    // Shifted sums in double precision are far more accurate.
    REQUIRE(std::abs(values_of(variance)[c] - unbiased) <= 1e-10 * unbiased);
    REQUIRE(std::abs(values_of(mean)[c] - expected.mean[c]) <= 1e-12);
  }
}

TEST_CASE("batch_norm normalizes values of 1e30") {
  const Array x = normal({8, 3, 5, 7}, 0, 1e30, DType::f32);
  const Array mean = Array::zeros({3});
  const Array variance = Array::full({3}, 1);
  Array y;
  // The variance, 1e60, exceeds f32: the running statistics do not change.
  stderr_of([&] { y = batch_norm(x, mean, variance, {}, {}, {.training = true}).array(); });
  const Moments result = moments(y);
  for (std::size_t c = 0; c < 3; ++c) {
    REQUIRE(std::abs(result.mean[c]) < 1e-6);
    REQUIRE(std::abs(result.variance[c] - 1) < 1e-6);
  }
  REQUIRE(values_of(variance) == std::vector<double>(3, 1));
  const Array wide = Array::full({3}, 1, DType::f64);
  batch_norm(x, Array::zeros({3}, DType::f64), wide, {}, {}, {.training = true, .momentum = 1});
  for (const double value : values_of(wide)) REQUIRE((value > 1e59 && value < 1e61));

  const Array one = Array::full({3}, 1);
  const Array seed = normal(x.shape(), 0, 1e30, DType::f32, 9);
  for (const bool create_graph : {false, true}) {
    const GradientsOf g = gradients(x, {}, {}, one, Array::zeros({3}), seed, true, create_graph);
    for (const Array& gradient : {g.dx, g.dweight, g.dbias}) {
      for (const double value : values_of(gradient)) REQUIRE(std::isfinite(value));
    }
  }
}

TEST_CASE("batch_norm rejects fewer than two values per channel and leaves running statistics unchanged") {
  const Array mean = Array::full({3}, 0.5);
  const Array variance = Array::full({3}, 2);
  const auto version = mean.version();
  const auto run = [&](const Shape& shape, bool training) {
    return batch_norm(Array::zeros(shape), mean, variance, {}, {}, {.training = training});
  };
  const std::string hint = "\nhint: use a larger batch, or evaluation with running statistics";
  CHECK_THROWS_AS(run({1, 3, 1, 1}, true), ValueError);
  CHECK_THROWS_WITH(
      run({1, 3, 1, 1}, true),
      "batch_norm: batch statistics require at least 2 values per channel, got 1 (input [1, 3, 1, 1])" + hint);
  CHECK_THROWS_WITH(
      run({0, 3, 4, 5}, true),
      "batch_norm: batch statistics require at least 2 values per channel, got 0 (input [0, 3, 4, 5])" + hint);
  CHECK_THROWS_AS(batch_norm(Array::zeros({1, 3, 1, 1}), {}, {}, {}, {}, {.training = false}), ValueError);
  REQUIRE(mean.version() == version);
  REQUIRE(values_of(mean) == std::vector<double>(3, 0.5));
  REQUIRE(values_of(variance) == std::vector<double>(3, 2));

  // One image of several pixels has batch statistics, and evaluation does not need any.
  REQUIRE(values_of(normalize(Array::from({1, 1, 1, 2}, std::vector<double>{3, 5})).array())[1] ==
          Approx(1).margin(1e-5));
  REQUIRE(run({1, 3, 1, 1}, false).shape() == Shape{1, 3, 1, 1});
  REQUIRE(run({0, 3, 4, 5}, false).shape() == Shape{0, 3, 4, 5});
}

TEST_CASE("batch_norm reports invalid options and input") {
  const Array x = Array::zeros({2, 3, 4, 5});
  const Array c3 = Array::zeros({3});
  const Array c4 = Array::zeros({4});
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  for (const double momentum : {-0.1, 1.1, not_a_number}) {
    CHECK_THROWS_AS(batch_norm(x, {}, {}, {}, {}, {.training = true, .momentum = momentum}), ValueError);
  }
  for (const double eps : {0.0, -1e-5, not_a_number})
    CHECK_THROWS_AS(batch_norm(x, {}, {}, {}, {}, {.training = true, .eps = eps}), ValueError);
  CHECK_THROWS_WITH(batch_norm(x, {}, {}, {}, {}, {.training = true, .momentum = 1.5}),
                    "batch_norm: momentum must be in [0, 1], got 1.5");
  CHECK_THROWS_WITH(batch_norm(x, {}, {}, {}, {}, {.training = true, .eps = 0}),
                    "batch_norm: eps must be positive and finite, got 0");
  CHECK_THROWS_WITH(check_batch_norm_options("BatchNorm2d", -1, 1e-5),
                    "BatchNorm2d: momentum must be in [0, 1], got -1");
  CHECK_THROWS_WITH(batch_norm(x, c4, c3, {}, {}, {.training = true}),
                    "batch_norm: expected a running_mean of shape [3] (input [2, 3, 4, 5]), got [4]");
  CHECK_THROWS_WITH(batch_norm(x, c3, c4, {}, {}, {.training = true}),
                    "batch_norm: expected a running_var of shape [3] (input [2, 3, 4, 5]), got [4]");
  CHECK_THROWS_WITH(batch_norm(x, {}, {}, c4, {}, {.training = true}),
                    "batch_norm: expected a weight of shape [3] (input [2, 3, 4, 5]), got [4]");
  CHECK_THROWS_WITH(batch_norm(x, {}, {}, {}, c4, {.training = true}),
                    "batch_norm: expected a bias of shape [3] (input [2, 3, 4, 5]), got [4]");
  CHECK_THROWS_WITH(batch_norm(x, c3, {}, {}, {}, {.training = true}),
                    "batch_norm: running_mean and running_var must be both defined or both undefined");
  CHECK_THROWS_AS(batch_norm(x, {}, {}, c3.to(DType::f64), {}, {.training = true}), DTypeError);
  CHECK_THROWS_AS(batch_norm(x, c3.to(DType::i64), c3, {}, {}, {.training = true}), DTypeError);
  CHECK_THROWS_AS(batch_norm(x.to(DType::u8), {}, {}, {}, {}, {.training = true}), DTypeError);
}

TEST_CASE("batch_norm of vectors and sequences equals batch_norm of images with as many pixels") {
  const Array weight = normal({5}, 1, 0.5, DType::f32, 4);
  const Array x = normal({7, 5, 1, 3}, 1, 2, DType::f32);
  const auto normalized = [&](const Shape& shape) {
    return values_of(batch_norm(x.reshape(shape), {}, {}, weight, {}, {.training = true}).array());
  };
  REQUIRE(normalized({7, 5, 3}) == normalized({7, 5, 1, 3}));
  const Array vectors = normal({7, 5}, 1, 2, DType::f32);
  REQUIRE(values_of(batch_norm(vectors, {}, {}, weight, {}, {.training = true}).array()) ==
          values_of(batch_norm(vectors.reshape({7, 5, 1, 1}), {}, {}, weight, {}, {.training = true}).array()));
}

TEST_CASE("batch_norm of few channels equals batch_norm of each channel alone") {
  // Few channels are computed several pixels at a time; 299 is not a multiple of their number.
  for (const std::int64_t channels : {2, 3, 15}) {
    const Array x = normal({1, channels, 13, 23}, 1, 2, DType::f64);
    const Array seed = normal(x.shape(), 0, 1, DType::f64, 6);
    const Array one = Array::full({channels}, 1, DType::f64);
    const GradientsOf all = gradients(x, {}, {}, one, Array::zeros({channels}, DType::f64), seed, true);
    const auto y = values_of(normalize(x).array());
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto channel = [&](const Array& images) {
        const auto values = values_of(images);
        return std::vector<double>(values.begin() + 299 * c, values.begin() + 299 * (c + 1));
      };
      const Array alone = Array::from({1, 1, 13, 23}, channel(x));
      // Sums of 299 terms in another order.
      const std::vector<double> y_alone = values_of(normalize(alone).array());
      require_close(Array::from({299}, std::vector<double>(y.begin() + 299 * c, y.begin() + 299 * (c + 1))), y_alone,
                    1e-13, 1e-13);
      const GradientsOf one_alone =
          gradients(alone, {}, {}, Array::full({1}, 1, DType::f64), Array::zeros({1}, DType::f64),
                    Array::from(alone.shape(), channel(seed)), true);
      require_close(Array::from({299}, channel(all.dx)), values_of(one_alone.dx), 1e-13, 1e-13);
      REQUIRE(std::abs(values_of(all.dweight)[static_cast<std::size_t>(c)] - values_of(one_alone.dweight)[0]) < 1e-12);
    }
  }
}

TEST_CASE("batch_norm gives the same bits at any number of threads") {
  // Several pieces of sums, the last of which is partial.
  const Shape shape = {5, 19, 67, 61};
  const Array x = normal(shape, 1, 2, DType::f32).contiguous(channels_last);
  const Array seed = normal(shape, 0, 1, DType::f32, 6).contiguous(channels_last);
  const Array weight = normal({19}, 1, 0.5, DType::f32, 4);
  std::vector<std::vector<double>> results;
  for_each_thread_count([&] {
    const Array mean = Array::zeros({19});
    const Array variance = Array::full({19}, 1);
    const Tensor y = batch_norm(x, mean, variance, weight, {}, {.training = true});
    const GradientsOf g = gradients(x, mean, variance, weight, Array::zeros({19}), seed, true);
    std::vector<double> all;
    for (const Array& array : {y.array(), mean, variance, g.dx, g.dweight, g.dbias}) {
      const auto values = values_of(array);
      all.insert(all.end(), values.begin(), values.end());
    }
    results.push_back(std::move(all));
    REQUIRE(results.back() == results.front());
  });
}

}  // namespace test_batch_norm
