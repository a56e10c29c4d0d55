#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_gradcheck {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

/// 3·a + b with a backward that adds `fault` to one element of the gradient of b.
struct Faulty {
  static constexpr std::string_view name = "faulty";
  double fault_;
  std::int64_t element_;

  Array forward(const Tensor& a, const Tensor& b) const { return (a * 3 + b).array(); }
  std::vector<Tensor> backward(const Tensor& gradient) const {
    Array off = Array::zeros(gradient.shape(), DType::f64);
    off.mutable_data<double>()[element_] = fault_;
    return {gradient * 3, gradient + off};
  }
};

/// x² with the correct gradient, but without its dependence on x.
struct Forgetful {
  static constexpr std::string_view name = "forgetful";
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return (x * x).array();
  }
  Tensor backward(const Tensor& gradient) const { return gradient * (2 * Tensor(x_.array())); }
};

/// x² with the correct gradient, but as a constant.
struct Detached {
  static constexpr std::string_view name = "detached";
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return (x * x).array();
  }
  Tensor backward(const Tensor& gradient) const { return (gradient * (2 * x_.tensor())).detach(); }
};

/// 2·x with a gradient that does not depend on the incoming one.
struct Deaf {
  static constexpr std::string_view name = "deaf";
  Array forward(const Tensor& x) const { return (x * 2).array(); }
  Tensor backward(const Tensor& gradient) const { return Array::full(gradient.shape(), 2, DType::f64); }
};

CheckedFunction faulty(double fault, std::int64_t element) {
  return [=](Inputs in) { return record(Faulty{fault, element}, in[0], in[1]); };
}

}  // namespace

TEST_CASE("gradcheck accepts correct gradients") {
  Generator random(1);
  const std::vector<Array> inputs = {random.reals({2, 3}), random.reals({2, 3})};
  const GradcheckResult result = gradcheck(faulty(0, 0), inputs, {.step = 1, .rtol = 1e-11});
  REQUIRE(result.ok);
  REQUIRE(static_cast<bool>(result));
  REQUIRE(result.message == "");
  REQUIRE(gradgradcheck([](Inputs in) { return exp(in[0]) * in[1]; }, inputs).ok);
}

TEST_CASE("gradcheck reports input and element and both values of a wrong gradient") {
  Generator random(2);
  const std::vector<Array> inputs = {random.reals({2, 3}), random.reals({2, 3})};
  const GradcheckResult result = gradcheck(faulty(1, 4), inputs, {.step = 1});
  REQUIRE_FALSE(result.ok);
  REQUIRE_FALSE(static_cast<bool>(result));
  REQUIRE_THAT(result.message, ContainsSubstring("gradcheck: input 1 [2, 3] at [1, 1]: analytic "));
  REQUIRE_THAT(result.message, ContainsSubstring(", difference 1, allowed "));
  // Both values, read back: they differ by one.
  const auto number_after = [&](const std::string& word) {
    return std::stod(result.message.substr(result.message.find(word) + word.size()));
  };
  REQUIRE(std::abs(number_after("analytic ") - number_after("numeric ") - 1) < 1e-12);
}

TEST_CASE("gradcheck reports the worst element") {
  Generator random(3);
  const std::vector<Array> inputs = {random.reals({7}), random.reals({7})};
  for (const std::int64_t worst : {2, 5}) {
    const CheckedFunction function = [&](Inputs in) {
      return record(Faulty{1e-3, 7 - worst}, in[0], record(Faulty{0.5, worst}, in[0], in[1]));
    };
    const std::string place = "input 1 [7] at [" + std::to_string(worst) + "]";
    REQUIRE_THAT(gradcheck(function, inputs, {.step = 1}).message, ContainsSubstring(place));
  }
}

TEST_CASE("gradcheck detects errors just above its tolerance and none below") {
  Generator random(4);
  const std::vector<Array> inputs = {random.reals({3}), random.reals({3})};
  const GradcheckOptions options = {.step = 1, .atol = 1e-6, .rtol = 0};
  REQUIRE(gradcheck(faulty(0.9e-6, 1), inputs, options).ok);
  REQUIRE_FALSE(gradcheck(faulty(1.1e-6, 1), inputs, options).ok);
}

TEST_CASE("gradcheck reports NaN as an error") {
  Generator random(5);
  const std::vector<Array> inputs = {random.reals({3}), random.reals({3})};
  const GradcheckResult result = gradcheck(faulty(NAN, 1), inputs);
  REQUIRE_FALSE(result.ok);
  REQUIRE_THAT(result.message, ContainsSubstring("analytic nan") || ContainsSubstring("analytic -nan"));
}

TEST_CASE("gradgradcheck finds a gradient that cannot be differentiated") {
  const std::vector<Array> inputs = {Generator(6).reals({4}, 1, 2)};
  const CheckedFunction forgetful = [](Inputs in) { return record(Forgetful{}, in[0]); };
  REQUIRE(gradcheck(forgetful, inputs).ok);
  const GradcheckResult second = gradgradcheck(forgetful, inputs);
  REQUIRE_FALSE(second.ok);
  REQUIRE_THAT(second.message,
               ContainsSubstring("gradgradcheck (input 1 is the output's gradient): gradcheck: input 0 [4] at ["));
  REQUIRE_THAT(second.message, ContainsSubstring("analytic 0, numeric "));
}

TEST_CASE("gradgradcheck finds a gradient that has lost all history") {
  const std::vector<Array> inputs = {Generator(6).reals({4}, 1, 2)};
  const CheckedFunction detached = [](Inputs in) { return record(Detached{}, in[0]); };
  REQUIRE(gradcheck(detached, inputs).ok);
  REQUIRE_FALSE(gradgradcheck(detached, inputs).ok);
}

TEST_CASE("gradcheck rejects a function that loses its history and accepts a constant one") {
  const std::vector<Array> inputs = {Generator(6).reals({4}, 1, 2)};
  REQUIRE_FALSE(gradcheck([](Inputs in) { return in[0].detach() * 2; }, inputs).ok);
  const CheckedFunction constant = [](Inputs in) { return Tensor(Array::full(in[0].shape(), 3, DType::f64)); };
  REQUIRE(gradcheck(constant, inputs).ok);
  REQUIRE(gradgradcheck(constant, inputs).ok);
}

// The incoming gradient is random, so that it is not 1.
TEST_CASE("gradcheck finds a gradient that does not depend on the incoming one") {
  REQUIRE_FALSE(gradcheck([](Inputs in) { return record(Deaf{}, in[0]); }, {Generator(7).reals({4})}).ok);
}

TEST_CASE("gradcheck accepts unused inputs and outputs of any shape") {
  Generator random(8);
  REQUIRE(gradcheck([](Inputs in) { return in[0] * 2; }, {random.reals({2}), random.reals({3})}).ok);
  REQUIRE(gradcheck([](Inputs in) { return sum(in[0]); }, {random.reals({2, 2})}).ok);
  REQUIRE(gradcheck([](Inputs in) { return in[0] * 2; }, {random.reals({0, 3})}).ok);
  REQUIRE(gradcheck([](Inputs in) { return in[0] * 2; }, {random.reals({})}).ok);
}

TEST_CASE("gradcheck leaves its inputs unchanged") {
  const Array input = Generator(9).reals({2, 3, 4, 5});
  const Array before = input.clone();
  REQUIRE(gradcheck([](Inputs in) { return in[0] * in[0]; }, {input}).ok);
  REQUIRE(gradcheck([](Inputs in) { return in[0] * in[0]; }, {in_channels_last(input)}).ok);
  require_equal(input, before);
}

TEST_CASE("gradcheck perturbs leaves that the function reads by itself and restores them") {
  Generator random(10);
  const Array values = random.reals({2, 3});
  const Tensor a = leaf(values.clone()), b = leaf(random.reals({3}));
  REQUIRE(gradcheck([&] { return a * a * b; }, {a, b}).ok);
  require_equal(a.array(), values);
  REQUIRE_FALSE(a.grad().defined());
  const GradcheckResult wrong = gradcheck([&] { return record(Faulty{1, 4}, a, a); }, {a}, {.step = 1});
  REQUIRE_THAT(wrong.message, ContainsSubstring("gradcheck: input 0 [2, 3] at [1, 1]: analytic "));
  const Tensor images = leaf(random.reals({2, 3, 4, 5}).contiguous(MemoryFormat::channels_last));
  REQUIRE_THROWS_MATCHES(
      gradcheck([&] { return images * 2; }, {images}), ValueError,
      Catch::Matchers::Message("gradcheck: leaves must be row-major, got f64[2, 3, 4, 5] in channels-last"));
  REQUIRE_THROWS_MATCHES(gradcheck([&] { return a * 2; }, {leaf(zeros({2}))}), DTypeError,
                         Catch::Matchers::Message("gradcheck: expected inputs of type f64, got f32[2]"));
}

TEST_CASE("gradcheck requires f64 inputs") {
  const CheckedFunction twice = [](Inputs in) { return in[0] * 2; };
  REQUIRE_THROWS_AS(gradcheck(twice, {Array::zeros({2})}), DTypeError);
  REQUIRE_THROWS_WITH(gradcheck(twice, {Array::zeros({2})}), "gradcheck: expected inputs of type f64, got f32[2]");
  REQUIRE_THROWS_AS(gradgradcheck(twice, {Array::zeros({2})}), DTypeError);
}

}  // namespace test_gradcheck
