#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/loss.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

Array labels_of(const std::vector<std::int64_t>& labels) {
  return Array::from(Shape{static_cast<std::int64_t>(labels.size())}, labels);
}

/// By the definition, in extended precision.
double loss_plainly(const Array& logits, const Array& labels, double smoothing) {
  const std::int64_t rows = logits.size(0), classes = logits.size(1);
  long double total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    long double largest = -INFINITY;
    for (std::int64_t k = 0; k < classes; ++k) largest = std::max<long double>(largest, logits.at({row, k}));
    long double powers = 0;
    for (std::int64_t k = 0; k < classes; ++k) powers += std::exp(logits.at({row, k}) - largest);
    for (std::int64_t k = 0; k < classes; ++k) {
      const long double target = (labels.at({row}) == static_cast<double>(k) ? 1 - smoothing : 0) +
                                 smoothing / static_cast<long double>(classes);
      if (target > 0) total -= target * (logits.at({row, k}) - largest - std::log(powers));
    }
  }
  return static_cast<double>(total / static_cast<long double>(rows));
}

}  // namespace

TEST_CASE("cross_entropy is that of plain loops and has right gradients of both orders") {
  Generator random(1);
  for (int i = 0; i < 35; ++i) {
    const std::int64_t rows = random.between(1, 6), classes = random.between(1, 6);
    const Array logits = random.reals({rows, classes}, -3, 3);
    std::vector<std::int64_t> chosen;
    for (std::int64_t row = 0; row < rows; ++row) chosen.push_back(random.between(0, classes - 1));
    const Array labels = labels_of(chosen);
    const double smoothing = std::vector<double>{0, 0.1, random.real(0, 1), 1}[static_cast<std::size_t>(i) % 4];
    INFO("smoothing " << smoothing);
    const CheckedFunction function = [&](Inputs in) {
      return cross_entropy(in[0], labels, {.label_smoothing = smoothing});
    };
    REQUIRE(std::abs(function({logits}).item() - loss_plainly(logits, labels, smoothing)) < 1e-14);
    require_operator(function, {logits});
  }
}

TEST_CASE("cross_entropy of equal logits is the logarithm of the number of classes") {
  const Array labels = labels_of({0, 9, 4});
  REQUIRE(cross_entropy(Array::zeros({3, 10}, DType::f64), labels).item() == std::log(10.0));
  REQUIRE(cross_entropy(Array::full({3, 10}, -7, DType::f64), labels).item() == std::log(10.0));
  REQUIRE(cross_entropy(Array::zeros({3, 1}), labels_of({0, 0, 0})).item() == 0);
}

TEST_CASE("the gradient of cross_entropy is softmax minus the target over the number of rows") {
  Generator random(2);
  const Tensor logits = leaf(random.reals({4, 5}));
  const std::vector<std::int64_t> labels = {0, 4, 2, 2};
  cross_entropy(logits, labels_of(labels), {.label_smoothing = 0.2}).backward();
  const Array probabilities = softmax(logits.detach()).array();
  for (std::int64_t row = 0; row < 4; ++row) {
    for (std::int64_t k = 0; k < 5; ++k) {
      const double target = (labels[static_cast<std::size_t>(row)] == k ? 0.8 : 0) + 0.2 / 5;
      REQUIRE(std::abs(logits.grad().array().at({row, k}) - (probabilities.at({row, k}) - target) / 4) < 1e-16);
    }
  }
}

TEST_CASE("logits of ten thousand give finite losses equal to the reference in double precision") {
  Generator random(3);
  for (const double smoothing : {0.0, 0.1}) {
    for (int i = 0; i < 10; ++i) {
      const Array logits = random.reals({8, 5}, -1e4, 1e4).to(DType::f32);
      std::vector<std::int64_t> chosen;
      for (int row = 0; row < 8; ++row) chosen.push_back(random.between(0, 4));
      const Array labels = labels_of(chosen);
      const Tensor x = leaf(logits);
      const Tensor loss = cross_entropy(x, labels, {.label_smoothing = smoothing});
      // Exact in double precision; rounded to f32 once.
      REQUIRE(loss.item() == static_cast<double>(static_cast<float>(loss_plainly(logits, labels, smoothing))));
      loss.backward();
      for (const double value : values_of(x.grad().array()))
        REQUIRE((std::isfinite(value) && std::abs(value) <= 1.0 / 8));
    }
  }
  const Array apart = f32({2, 2}, {1e4F, -1e4F, -1e4F, 1e4F});
  REQUIRE(cross_entropy(apart, labels_of({0, 1})).item() == 0);
  REQUIRE(cross_entropy(apart, labels_of({1, 0})).item() == 2e4);
}

// A class that cannot be: 0 · ∞ must not make a NaN of it.
TEST_CASE("a logit of minus infinity off the label leaves the loss finite") {
  const float never = -std::numeric_limits<float>::infinity();
  const Tensor logits = leaf(f32({1, 3}, {2, never, 2}));
  const Tensor loss = cross_entropy(logits, labels_of({2}));
  REQUIRE(loss.item() == static_cast<double>(std::log(2.0F)));
  loss.backward();
  require_equal(logits.grad().array(), f32({1, 3}, {0.5, 0, -0.5}));
  REQUIRE(cross_entropy(logits, labels_of({1})).item() == std::numeric_limits<double>::infinity());
}

TEST_CASE("a NaN among the logits makes the loss NaN") {
  REQUIRE(std::isnan(cross_entropy(f32({1, 2}, {NAN, 1}), labels_of({1})).item()));
  REQUIRE(std::isnan(cross_entropy(f32({1, 2}, {1, NAN}), labels_of({0})).item()));
}

TEST_CASE("a label out of range is named with its row") {
  const Tensor logits = Array::zeros({3, 10});
  REQUIRE_THROWS_AS(cross_entropy(logits, labels_of({1, 10, 2})), ValueError);
  REQUIRE_THROWS_WITH(cross_entropy(logits, labels_of({1, 10, 2})),
                      "cross_entropy: label 10 in row 1 is outside [0, 10) (logits [3, 10])");
  REQUIRE_THROWS_WITH(cross_entropy(logits, labels_of({0, 1, -1})),
                      "cross_entropy: label -1 in row 2 is outside [0, 10) (logits [3, 10])");
}

TEST_CASE("the mean loss of no samples is refused") {
  REQUIRE_THROWS_AS(cross_entropy(Array::zeros({0, 10}), labels_of({})), ValueError);
  REQUIRE_THROWS_WITH(cross_entropy(Array::zeros({0, 10}), labels_of({})),
                      "cross_entropy: the mean of no samples (logits [0, 10])");
}

TEST_CASE("cross_entropy names shapes and types and options that do not fit") {
  const Tensor logits = Array::zeros({3, 10});
  const Array labels = labels_of({1, 2, 3});
  REQUIRE_THROWS_AS(cross_entropy(logits, labels_of({1, 2})), ShapeError);
  REQUIRE_THROWS_WITH(cross_entropy(logits, labels_of({1, 2})),
                      "cross_entropy: expected labels i64[3] (logits [3, 10]), got i64[2]");
  REQUIRE_THROWS_AS(cross_entropy(logits, Array::zeros({3})), DTypeError);
  REQUIRE_THROWS_WITH(cross_entropy(logits, Array::zeros({3})),
                      "cross_entropy: expected labels i64[3] (logits [3, 10]), got f32[3]");
  REQUIRE_THROWS_WITH(cross_entropy(Array::zeros({3}), labels),
                      "cross_entropy: expected logits (N, classes) of rank 2, got [3]");
  REQUIRE_THROWS_WITH(cross_entropy(Array::zeros({3, 10}, DType::i64), labels),
                      "cross_entropy: expected f32 or f64, got i64");
  for (const double smoothing : {-0.1, 1.1, std::nan("")}) {
    REQUIRE_THROWS_AS(cross_entropy(logits, labels, {.label_smoothing = smoothing}), ValueError);
  }
  REQUIRE_THROWS_WITH(cross_entropy(logits, labels, {.label_smoothing = 1.5}),
                      "cross_entropy: label_smoothing must be in [0, 1], got 1.5");
}

TEST_CASE("labels may be overwritten between forward and backward") {
  const Tensor logits = leaf(Array::zeros({1, 2}));
  Array labels = labels_of({1});
  const Tensor loss = cross_entropy(logits, labels);
  labels.fill(0);
  loss.backward();
  require_equal(logits.grad().array(), f32({1, 2}, {0.5, -0.5}));
}
