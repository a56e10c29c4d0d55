#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_cross_entropy {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array labels_of(const std::vector<std::int64_t>& labels) {
  return Array::from(Shape{static_cast<std::int64_t>(labels.size())}, labels);
}

/// The loss by its definition, in extended precision.
double reference_loss(const Array& logits, const Array& labels, double smoothing) {
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
      REQUIRE(loss.item() == static_cast<double>(static_cast<float>(reference_loss(logits, labels, smoothing))));
      loss.backward();
      for (const double value : values_of(x.grad().array()))
        REQUIRE((std::isfinite(value) && std::abs(value) <= 1.0 / 8));
    }
  }
  const Array apart = f32({2, 2}, {1e4F, -1e4F, -1e4F, 1e4F});
  REQUIRE(cross_entropy(apart, labels_of({0, 1})).item() == 0);
  REQUIRE(cross_entropy(apart, labels_of({1, 0})).item() == 2e4);
}

// An impossible class: 0 · ∞ must not become NaN.
TEST_CASE("a logit of minus infinity at another class than the label keeps the loss finite") {
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

TEST_CASE("an ignored sample has no gradient and no loss even where its logits are NaN") {
  const Tensor logits = leaf(f32({3, 2}, {1, 1, NAN, 3, -1, -1}));
  const Tensor loss = cross_entropy(logits, labels_of({0, -100, 1}));
  REQUIRE(loss.item() == static_cast<double>(std::log(2.0F)));
  loss.backward();
  require_equal(logits.grad().array(), f32({3, 2}, {-0.25, 0.25, 0, 0, 0.25, -0.25}));
}

TEST_CASE("the mean of weighted samples is divided by the weights of their labels") {
  const Array logits = f64({2, 2}, {0, 0, std::log(3.0), 0});
  const Array weight = f64({2}, {2, 6});
  // (2 · ln 2 + 6 · ln 4) / 8 = (2 + 12) / 8 · ln 2
  const double loss = cross_entropy(logits, labels_of({0, 1}), {.weight = weight}).item();
  REQUIRE(std::abs(loss - 1.75 * std::log(2.0)) < 1e-15);
}

TEST_CASE("labels and one-hot targets give the same loss and gradient") {
  Generator random(4);
  const Array values = random.reals({4, 3, 5, 7});
  const Array labels = labels_of(std::vector<std::int64_t>(140, 2)).reshape({4, 5, 7});
  Array targets = Array::zeros({4, 3, 5, 7}, DType::f64);
  for (std::int64_t n = 0; n < 4; ++n) std::fill_n(targets.mutable_data<double>() + (n * 3 + 2) * 35, 35, 1.0);
  const Tensor a = leaf(values), b = leaf(values);
  const Tensor by_label = cross_entropy(a, labels), by_target = cross_entropy(b, targets);
  REQUIRE(by_label.item() == by_target.item());
  by_label.backward();
  by_target.backward();
  require_close(a.grad().array(), b.grad().array(), 1e-16);
}

TEST_CASE("cross_entropy is nll_loss of log_softmax") {
  Generator random(5);
  const Array logits = random.reals({4, 3, 5}, -3, 3);
  const Array labels = labels_of({0, 1, 2, 2, 1, 0, 0, 1, 2, 2, -100, 0, 0, 0, 0, 1, 1, 2, 2, 1}).reshape({4, 5});
  REQUIRE(std::abs(cross_entropy(logits, labels).item() - nll_loss(log_softmax(logits, 1), labels).item()) < 1e-15);
}

TEST_CASE("labels may be overwritten between forward and backward") {
  const Tensor logits = leaf(Array::zeros({1, 2}));
  Array labels = labels_of({1});
  const Tensor loss = cross_entropy(logits, labels);
  labels.fill(0);
  loss.backward();
  require_equal(logits.grad().array(), f32({1, 2}, {0.5, -0.5}));
}

}  // namespace test_cross_entropy
