#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_conv_math {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The mode of a new thread for a value of the environment variable, or the text of the error.
struct Found {
  std::optional<ConvMath> math;
  std::string error;
};

Found found_with(const char* value) {
  const char* const before = std::getenv("TAPESTRY_CONV");
  const std::string saved = before == nullptr ? "" : before;
  setenv("TAPESTRY_CONV", value, 1);
  Found found;
  std::thread([&] {
    try {
      found.math = conv_math();
    } catch (const ValueError& error) {
      found.error = error.what();
    }
  }).join();
  if (before == nullptr) {
    unsetenv("TAPESTRY_CONV");
  } else {
    setenv("TAPESTRY_CONV", saved.c_str(), 1);
  }
  return found;
}

}  // namespace

TEST_CASE("a guard sets the convolution mode and restores the previous one") {
  const ConvMathGuard outer(ConvMath::exact);
  {
    const ConvMathGuard inner(ConvMath::fast);
    REQUIRE(conv_math() == ConvMath::fast);
  }
  REQUIRE(conv_math() == ConvMath::exact);
}

TEST_CASE("a thread starts in the mode set by the environment") {
  REQUIRE(found_with("exact").math == ConvMath::exact);
  REQUIRE(found_with("fast").math == ConvMath::fast);
  REQUIRE(found_with("quick").error == "TAPESTRY_CONV must be fast or exact, got \"quick\"");
}

// Sums of at most 4096 products of whole numbers up to 8 are exact in f32.
TEST_CASE("convolutions of integers are exact in exact mode and nearly so in fast mode") {
  Generator random(1);
  const std::vector<Array> inputs = {random.integers({2, 32, 9, 11}), random.integers({33, 32, 3, 3}),
                                     random.integers({33})};
  const CheckedFunction function = [](const std::vector<Tensor>& in) {
    return conv2d(in[0], in[1], in[2], {.padding = Pair(1, 2)});
  };
  const auto whole_seed = [&](const Array& seed) { return Generator(2).integers(seed.shape(), seed.dtype()); };
  std::vector<Array> in_double;
  for (const Array& input : inputs) in_double.push_back(input.to(DType::f64));
  Evaluation wanted = evaluate(function, in_double, whole_seed);
  wanted.value = wanted.value.to(DType::f32);
  for (Array& gradient : wanted.gradients) gradient = gradient.to(DType::f32);

  const auto evaluate_with = [&](ConvMath math) {
    const ConvMathGuard guard(math);
    return evaluate(function, inputs, whole_seed);
  };
  require_close(evaluate_with(ConvMath::exact), wanted, 0);
  const Evaluation fast = evaluate_with(ConvMath::fast);
  // Forty roundings of the largest sums; no element is much smaller.
  require_close(fast, wanted, 5e-6);
  REQUIRE(values_of(fast.value) != values_of(wanted.value));
}

}  // namespace test_conv_math
