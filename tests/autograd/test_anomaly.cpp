#include <limits>
#include <string_view>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_anomaly {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The identity, whose fast backward turns the second element into an infinity.
struct Spoiler {
  static constexpr std::string_view name = "spoiler";

  Array forward(const Tensor& x) const { return x.array(); }
  Array backward(const Array& gradient) const {
    Array result = gradient.clone();
    result.mutable_data<float>()[1] = std::numeric_limits<float>::infinity();
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return gradient; }
};

}  // namespace

TEST_CASE("anomaly mode names the first operator that produces NaN or infinity in forward") {
  const Tensor x = f32({3}, {1, 2, -1});
  REQUIRE_NOTHROW(exp(log(x)) * 2);
  const AnomalyGuard guard;
  REQUIRE_THROWS_AS(exp(log(x)) * 2, GradError);
  REQUIRE_THROWS_WITH(exp(log(x)) * 2, ContainsSubstring("log: its result f32[3] holds ") &&
                                           ContainsSubstring("NaN at element 2 in memory"));
  REQUIRE_THROWS_WITH(relu(x) / Array::zeros({3}), "divide: its result f32[3] holds infinity at element 0 in memory");
  REQUIRE_THROWS_WITH(exp(x * 100), "exp: its result f32[3] holds infinity at element 0 in memory");
  REQUIRE_NOTHROW(relu(x) * 2 + 1);
}

TEST_CASE("anomaly mode names the first operator that produces NaN or infinity in backward") {
  const Tensor x = leaf(f32({3}, {4, 0, 1}));
  const AnomalyGuard guard;
  REQUIRE_THROWS_AS(sum(exp(sqrt(x)) * 2).backward(), GradError);
  REQUIRE_THROWS_WITH(sum(exp(sqrt(x)) * 2).backward(),
                      "backward of sqrt: its result f32[3] holds infinity at element 1 in memory");
  REQUIRE_FALSE(x.grad().defined());
  sum(sqrt(x + 1)).backward();
  REQUIRE(x.grad().array().at({1}) == 0.5);
}

TEST_CASE("anomaly mode checks backward passes that compute with arrays") {
  const Tensor x = leaf(f32({2}, {1, 2}));
  const Tensor y = sum(record(Spoiler{}, x) * 3);
  const AnomalyGuard guard;
  REQUIRE_THROWS_WITH(y.backward(), "backward of spoiler: its result f32[2] holds infinity at element 1 in memory");
}

TEST_CASE("anomaly mode ends with its guard even after an exception") {
  REQUIRE_FALSE(anomaly_enabled());
  try {
    const AnomalyGuard guard;
    REQUIRE(anomaly_enabled());
    { const AnomalyGuard inner; }
    REQUIRE(anomaly_enabled());
    (void)log(Array::scalar(-1));
  } catch (const GradError&) {
  }
  REQUIRE_FALSE(anomaly_enabled());
  REQUIRE_NOTHROW(log(Array::scalar(-1)));
}

}  // namespace test_anomaly
