#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>

#include "operators/elementwise.hpp"

namespace test_arithmetic {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("operator: add") {
  check_elementwise(ElementwiseOfTwo{.name = "add", .function = add, .plain = std::plus<>()});
}

TEST_CASE("operator: subtract") {
  check_elementwise(ElementwiseOfTwo{.name = "subtract", .function = subtract, .plain = std::minus<>()});
}

TEST_CASE("operator: multiply") {
  check_elementwise(ElementwiseOfTwo{.name = "multiply", .function = multiply, .plain = std::multiplies<>()});
}

TEST_CASE("operator: divide") {
  check_elementwise(ElementwiseOfTwo{.name = "divide", .function = divide, .plain = std::divides<>()});
}

TEST_CASE("operator: maximum") {
  check_elementwise(ElementwiseOfTwo{.name = "maximum",
                                     .function = maximum,
                                     .plain = [](double a, double b) { return std::max(a, b); },
                                     .second_low = -1,
                                     .second_high = 1,
                                     .has_kink = true});
}

TEST_CASE("operator: minimum") {
  check_elementwise(ElementwiseOfTwo{.name = "minimum",
                                     .function = minimum,
                                     .plain = [](double a, double b) { return std::min(a, b); },
                                     .second_low = -1,
                                     .second_high = 1,
                                     .has_kink = true});
}

TEST_CASE("operator: pow with an exponent for every element") {
  const std::function<Tensor(const Tensor&, const Tensor&)> function = [](const Tensor& x, const Tensor& y) {
    return pow(x, y);
  };
  check_elementwise(ElementwiseOfTwo{.name = "pow",
                                     .function = function,
                                     .plain = [](double a, double b) { return std::pow(a, b); },
                                     .low = 0.5,
                                     .high = 2});
}

TEST_CASE("operator: pow") {
  check_elementwise(Elementwise{.name = "pow",
                                .call =
                                    [](Generator& random) {
                                      constexpr double exponents[] = {0, 1, 2, 3, 0.5, -1, -1.5};
                                      const double exponent = exponents[random.between(0, 6)];
                                      return ElementwiseCall{[=](const Tensor& x) { return pow(x, exponent); },
                                                             [=](double x) { return std::pow(x, exponent); },
                                                             "exponent " + std::to_string(exponent)};
                                    },
                                .low = 0.5,
                                .high = 2});
}

TEST_CASE("operator: negate") {
  check_elementwise(
      Elementwise{.name = "negate", .call = always(negate, std::negate<>()), .tolerance = 0, .f32_tolerance = 0});
}

TEST_CASE("operator: abs") {
  check_elementwise(
      Elementwise{.name = "abs",
                  .call = always([](const Tensor& x) { return abs(x); }, [](double x) { return std::abs(x); }),
                  .kinks = {0},
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("operator: exp") {
  check_elementwise(Elementwise{
      .name = "exp", .call = always([](const Tensor& x) { return exp(x); }, [](double x) { return std::exp(x); })});
}

TEST_CASE("operator: log") {
  check_elementwise(
      Elementwise{.name = "log",
                  .call = always([](const Tensor& x) { return log(x); }, [](double x) { return std::log(x); }),
                  .low = 0.5});
}

TEST_CASE("operator: sqrt") {
  check_elementwise(
      Elementwise{.name = "sqrt",
                  .call = always([](const Tensor& x) { return sqrt(x); }, [](double x) { return std::sqrt(x); }),
                  .low = 0.5});
}

TEST_CASE("operator: clamp") {
  check_elementwise(Elementwise{
      .name = "clamp",
      .call =
          [](Generator& random) {
            const std::optional<double> min = random.one_in(3) ? std::nullopt : std::optional(-1.0);
            const std::optional<double> max = min && random.one_in(3) ? std::nullopt : std::optional(1.5);
            return ElementwiseCall{[=](const Tensor& x) { return clamp(x, min, max); },
                                   [=](double x) { return std::min(std::max(x, min.value_or(x)), max.value_or(10)); },
                                   std::string(min ? "min " : "") + (max ? "max" : "")};
          },
      .kinks = {-1, 1.5},
      .rejections = {rejects<ValueError>([] { return clamp(Array::zeros({2}), {}, {}); },
                                         "clamp: expected a min or a max, got neither")},
      .tolerance = 0,
      .f32_tolerance = 0});
}

}  // namespace test_arithmetic
