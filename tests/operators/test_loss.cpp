#include <cmath>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "operators/loss_cases.hpp"

namespace test_loss {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// (N, d₁, …) of (N, C, d₁, …).
Shape without_classes(const Shape& shape) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  sizes.erase(sizes.begin() + 1);
  return Shape(sizes);
}

/// The index of the score of a class.
Index with_class(Index row, std::int64_t k) {
  row.insert(row.begin() + 1, k);
  return row;
}

Real negative_log_softmax(const Array& logits, const Index& row, std::int64_t k) {
  Real total = 0;
  for (std::int64_t other = 0; other < logits.size(1); ++other) {
    total += std::exp(static_cast<Real>(element(logits, with_class(row, other))) -
                      static_cast<Real>(element(logits, with_class(row, k))));
  }
  return std::log(total);
}

/// Scores with labels and options, some of them ignored.
struct Labeled {
  Array scores;
  Array labels;
  Array weight;
  std::int64_t ignore_index;
  Reduction reduction;

  explicit Labeled(Generator& random)
      : scores(random.reals(random.shape(2, 4, 4), -3, 3)),
        ignore_index(random.one_in(2) ? -100 : 1),
        reduction(random_reduction(random)) {
    const Shape shape = without_classes(scores.shape());
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < shape.numel(); ++i) {
      const std::int64_t label = random.between(0, scores.size(1) - 1);
      chosen.push_back(random.one_in(5) ? ignore_index : label);
    }
    chosen[0] = 0;
    labels = Array::from(shape, chosen);
    if (random.one_in(2)) weight = random.reals({scores.size(1)}, 0.5, 2);
  }

  double weight_of(std::int64_t k) const { return weight.defined() ? element(weight, {k}) : 1; }
  std::int64_t label_of(const Index& row) const {
    const Array doubles = labels.to(DType::f64);
    return static_cast<std::int64_t>(element(doubles, row));
  }
  double total_weight() const {
    double total = 0;
    for (const std::int64_t label : labels.to_vector<std::int64_t>())
      total += label == ignore_index ? 0 : weight_of(label);
    return total;
  }
  Array weight_as(DType dtype) const { return weight.defined() ? weight.to(dtype) : Array(); }
  std::string text() const {
    return name_of(reduction) + (weight.defined() ? " weighted" : "") + " ignoring " + std::to_string(ignore_index);
  }
};

Array i64(const std::vector<std::int64_t>& labels) {
  return Array::from(Shape{static_cast<std::int64_t>(labels.size())}, labels);
}

double random_smoothing(Generator& random) {
  const std::vector<double> choices = {0, 0, 0.1, random.real(0, 1), 1};
  return choices[static_cast<std::size_t>(random.between(0, 4))];
}

Sample labeled_sample(Generator& random) {
  const Labeled call(random);
  const double smoothing = random_smoothing(random);
  const auto classes = static_cast<double>(call.scores.size(1));
  const Array losses = made_of(call.labels.shape(), [&](const Index& row) -> Real {
    const std::int64_t label = call.label_of(row);
    if (label == call.ignore_index) return 0;
    Real loss = (1 - smoothing) * call.weight_of(label) * negative_log_softmax(call.scores, row, label);
    for (std::int64_t k = 0; k < call.scores.size(1); ++k)
      loss += smoothing / classes * call.weight_of(k) * negative_log_softmax(call.scores, row, k);
    return loss;
  });
  return {.function =
              [=](Inputs in) {
                return cross_entropy(in[0], call.labels,
                                     {.weight = call.weight_as(in[0].dtype()),
                                      .ignore_index = call.ignore_index,
                                      .reduction = call.reduction,
                                      .label_smoothing = smoothing});
              },
          .inputs = {call.scores},
          .expected = reduced(losses, call.reduction, call.total_weight()),
          .options = call.text() + " smoothing " + std::to_string(smoothing)};
}

Sample soft_sample(Generator& random) {
  const Labeled call(random);
  const double smoothing = random_smoothing(random);
  const Array targets = random.reals(call.scores.shape(), 0, 1);
  const auto classes = static_cast<double>(call.scores.size(1));
  const Array losses = made_of(call.labels.shape(), [&](const Index& row) {
    Real loss = 0;
    for (std::int64_t k = 0; k < call.scores.size(1); ++k) {
      const Real target = (1 - smoothing) * element(targets, with_class(row, k)) + smoothing / classes;
      loss += target * call.weight_of(k) * negative_log_softmax(call.scores, row, k);
    }
    return loss;
  });
  return {
      .function =
          [=](Inputs in) {
            return cross_entropy(
                in[0], in[1],
                {.weight = call.weight_as(in[0].dtype()), .reduction = call.reduction, .label_smoothing = smoothing});
          },
      .inputs = {call.scores, targets},
      .expected = reduced(losses, call.reduction, static_cast<double>(losses.numel())),
      .options = call.text() + " smoothing " + std::to_string(smoothing)};
}

Sample nll_sample(Generator& random) {
  const Labeled call(random);
  const Array losses = made_of(call.labels.shape(), [&](const Index& row) {
    const std::int64_t label = call.label_of(row);
    return label == call.ignore_index ? 0 : -call.weight_of(label) * element(call.scores, with_class(row, label));
  });
  return {.function =
              [=](Inputs in) {
                return nll_loss(in[0], call.labels,
                                {.weight = call.weight_as(in[0].dtype()),
                                 .ignore_index = call.ignore_index,
                                 .reduction = call.reduction});
              },
          .inputs = {call.scores},
          .expected = reduced(losses, call.reduction, call.total_weight()),
          .options = call.text()};
}

}  // namespace

TEST_CASE("operator: cross_entropy") {
  const Tensor logits = Array::zeros({3, 10});
  const auto call = [=](const Tensor& x, const Array& labels, const CrossEntropyOptions& options = {}) {
    return [=] { cross_entropy(x, labels, options); };
  };
  check_operator(
      {.name = "cross_entropy",
       .sample = labeled_sample,
       .on_empty = {{[](Inputs in) { return cross_entropy(in[0], i64({}), {.reduction = Reduction::sum}); },
                     {Array::zeros({0, 10})},
                     Array::zeros({})},
                    {[](Inputs in) {
                       const Array labels = Array::zeros({2, 0, 3}, DType::i64);
                       return cross_entropy(in[0], labels, {.reduction = Reduction::none});
                     },
                     {Array::zeros({2, 4, 0, 3})},
                     Array::zeros({2, 0, 3})}},
       .rejections =
           {rejects<ValueError>(call(logits, i64({1, 10, 2})),
                                "cross_entropy: label 10 in row 1 is outside [0, 10) (logits [3, 10])"),
            rejects<ValueError>(call(logits, i64({0, 1, -1})),
                                "cross_entropy: label -1 in row 2 is outside [0, 10) (logits [3, 10])"),
            rejects<ValueError>(call(Array::zeros({0, 10}), i64({})),
                                "cross_entropy: cannot take the mean of no samples (logits [0, 10])"),
            rejects<ValueError>(call(logits, i64({7, 7, 7}), {.ignore_index = 7}),
                                "cross_entropy: cannot take the mean of no samples (logits [3, 10], every label is 7)"),
            rejects<ValueError>(call(logits, i64({1, 1, 1}), {.weight = Array::zeros({10})}),
                                "cross_entropy: cannot take the mean over a total weight of 0 (logits [3, 10])"),
            rejects<ShapeError>(call(logits, i64({1, 2})),
                                "cross_entropy: expected labels i64[3] (logits [3, 10]), got i64[2]"),
            rejects<ShapeError>(call(Array::zeros({3, 10, 4, 5}), i64({1, 2, 3})),
                                "cross_entropy: expected labels i64[3, 4, 5] (logits [3, 10, 4, 5]), got i64[3]"),
            rejects<DTypeError>(call(logits, Array::zeros({3})),
                                "cross_entropy: expected labels i64[3] (logits [3, 10]), got f32[3]"),
            rejects<ShapeError>(call(logits, i64({1, 2, 3}), {.weight = Array::zeros({9})}),
                                "cross_entropy: expected a weight f32[10] (logits f32[3, 10]), got f32[9]"),
            rejects<DTypeError>(call(logits, i64({1, 2, 3}), {.weight = Array::zeros({10}, DType::f64)}),
                                "cross_entropy: expected a weight f32[10] (logits f32[3, 10]), got f64[10]"),
            rejects<ShapeError>(call(Array::zeros({3}), i64({1, 2, 3})),
                                "cross_entropy: expected logits (N, C) or (N, C, d₁, …), got [3]"),
            rejects<DTypeError>(call(Array::zeros({3, 10}, DType::i64), i64({1, 2, 3})),
                                "cross_entropy: expected f32 or f64, got i64"),
            rejects<ValueError>(call(logits, i64({1, 2, 3}), {.label_smoothing = 1.5}),
                                "cross_entropy: label_smoothing must be in [0, 1], got 1.5"),
            rejects<ValueError>(call(logits, i64({1, 2, 3}), {.label_smoothing = std::nan("")}),
                                "cross_entropy: label_smoothing must be in [0, 1], got nan")},
       .configurations = 60,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: cross_entropy of given targets") {
  const auto call = [=](const Array& x, const Array& targets, const CrossEntropyOptions& options = {}) {
    return [=] { cross_entropy(Tensor(x), Tensor(targets), options); };
  };
  const Array logits = Array::zeros({3, 10});
  check_operator(
      {.name = "cross_entropy",
       .sample = soft_sample,
       .on_empty = {{[](Inputs in) { return cross_entropy(in[0], in[1], {.reduction = Reduction::sum}); },
                     {Array::zeros({0, 10}), Array::zeros({0, 10})},
                     Array::zeros({})}},
       .rejections = {rejects<ValueError>(call(Array::zeros({0, 10}), Array::zeros({0, 10})),
                                          "cross_entropy: cannot take the mean of no samples (logits [0, 10])"),
                      rejects<ShapeError>(call(logits, Array::zeros({3, 9})),
                                          "cross_entropy: expected targets f32[3, 10], as the logits, got f32[3, 9]"),
                      rejects<DTypeError>(call(logits, Array::zeros({3, 10}, DType::f64)),
                                          "cross_entropy: expected targets f32[3, 10], as the logits, got f64[3, 10]"),
                      rejects<ShapeError>(call(logits, logits, {.weight = Array::zeros({9})}),
                                          "cross_entropy: expected a weight f32[10] (logits f32[3, 10]), got f32[9]"),
                      rejects<ShapeError>(call(Array::zeros({3}), Array::zeros({3})),
                                          "cross_entropy: expected logits (N, C) or (N, C, d₁, …), got [3]"),
                      rejects<ValueError>(call(logits, logits, {.label_smoothing = -0.5}),
                                          "cross_entropy: label_smoothing must be in [0, 1], got -0.5")},
       .configurations = 40,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: nll_loss") {
  const Tensor scores = Array::zeros({3, 10});
  const auto call = [=](const Tensor& x, const Array& labels, const NllLossOptions& options = {}) {
    return [=] { nll_loss(x, labels, options); };
  };
  check_operator(
      {.name = "nll_loss",
       .sample = nll_sample,
       .on_empty = {{[](Inputs in) { return nll_loss(in[0], i64({}), {.reduction = Reduction::sum}); },
                     {Array::zeros({0, 10})},
                     Array::zeros({})}},
       .rejections =
           {rejects<ValueError>(call(scores, i64({1, 10, 2})),
                                "nll_loss: label 10 in row 1 is outside [0, 10) (log_probabilities [3, 10])"),
            rejects<ValueError>(call(Array::zeros({0, 10}), i64({})),
                                "nll_loss: cannot take the mean of no samples (log_probabilities [0, 10])"),
            rejects<ValueError>(
                call(scores, i64({-100, -100, -100})),
                "nll_loss: cannot take the mean of no samples (log_probabilities [3, 10], every label is -100)"),
            rejects<ShapeError>(call(scores, i64({1, 2})),
                                "nll_loss: expected labels i64[3] (log_probabilities [3, 10]), got i64[2]"),
            rejects<DTypeError>(call(scores, Array::zeros({3})),
                                "nll_loss: expected labels i64[3] (log_probabilities [3, 10]), got f32[3]"),
            rejects<ShapeError>(call(scores, i64({1, 2, 3}), {.weight = Array::zeros({9})}),
                                "nll_loss: expected a weight f32[10] (log_probabilities f32[3, 10]), got f32[9]"),
            rejects<ShapeError>(call(Array::zeros({3}), i64({1, 2, 3})),
                                "nll_loss: expected log_probabilities (N, C) or (N, C, d₁, …), got [3]"),
            rejects<DTypeError>(call(Array::zeros({3, 10}, DType::u8), i64({1, 2, 3})),
                                "nll_loss: expected f32 or f64, got u8")},
       .configurations = 60,
       .gradients = linear_in_each,
       .format_tolerance = 1e-14});
}

}  // namespace test_loss
