// Elementwise losses.
#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "operators/loss_cases.hpp"

namespace test_pointwise_loss {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// An elementwise loss, reduced as requested.
template <class Call, class Value>
Sample pointwise_sample(const Array& x, const Array& t, Reduction reduction, const Call& call, const Value& value,
                        const std::string& options = "") {
  const Array losses = made_of(x.shape(), value);
  return {.function = [=](Inputs in) { return call(in[0], in[1], reduction); },
          .inputs = {x, t},
          .expected = reduced(losses, reduction, static_cast<double>(x.numel())),
          .options = name_of(reduction) + " " + options};
}

/// An input at least 0.1 away from the target and from a distance of 1 to it.
Array away_from(const Array& target, Generator& random) {
  const Array offsets = random.reals_with_gap(target.shape());
  return made_of(target.shape(),
                 [&](const Index& index) { return element(target, index) + 2 * element(offsets, index); });
}

template <class Call>
std::vector<Sample> sums_of_nothing(const Call& call) {
  return {{[=](Inputs in) { return call(in[0], in[1], Reduction::sum); },
           {Array::zeros({0, 3}), Array::zeros({0, 3})},
           Array::zeros({})},
          {[=](Inputs in) { return call(in[0], in[1], Reduction::none); },
           {Array::zeros({2, 0}), Array::zeros({2, 0})},
           Array::zeros({2, 0})}};
}

}  // namespace

TEST_CASE("operator: binary_cross_entropy_with_logits") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 4), -4, 4);
    const Array t = random.reals(x.shape(), 0, 1);
    const Array weight = random.one_in(2) ? Array() : random.reals(random.broadcastable(x.shape()), 0.5, 2);
    const Array pos_weight = random.one_in(2) ? Array() : random.reals(random.broadcastable(x.shape()), 0.5, 2);
    const auto at = [](const Array& factors, const Index& index) {
      return factors.defined() ? values_of(factors)[broadcast_position(index, factors.shape())] : 1.0;
    };
    const auto as = [](const Array& factors, DType dtype) { return factors.defined() ? factors.to(dtype) : Array(); };
    return pointwise_sample(
        x, t, random_reduction(random),
        [=](const Tensor& in, const Tensor& target, Reduction reduction) {
          return binary_cross_entropy_with_logits(
              in, target,
              {.weight = as(weight, in.dtype()), .reduction = reduction, .pos_weight = as(pos_weight, in.dtype())});
        },
        [&](const Index& index) {
          const Real value = element(x, index), target = element(t, index);
          return at(weight, index) * (at(pos_weight, index) * target * std::log(1 + std::exp(-value)) +
                                      (1 - target) * std::log(1 + std::exp(value)));
        },
        std::string(weight.defined() ? "weight " : "") + (pos_weight.defined() ? "pos_weight" : ""));
  };
  const std::string name = "binary_cross_entropy_with_logits";
  const auto call = [](const Tensor& x, const Tensor& t) { return binary_cross_entropy_with_logits(x, t); };
  const auto weighted = [](const BinaryCrossEntropyOptions& options) {
    return [=] { binary_cross_entropy_with_logits(Array::zeros({2, 3}), Array::zeros({2, 3}), options); };
  };
  check_operator(
      {.name = "binary_cross_entropy_with_logits",
       .sample = sample,
       .on_empty = sums_of_nothing([](const Tensor& x, const Tensor& t, Reduction reduction) {
         return binary_cross_entropy_with_logits(x, t, {.reduction = reduction});
       }),
       .rejections =
           with(pointwise_rejections(name, call),
                {rejects<ShapeError>(weighted({.weight = Array::zeros({1, 2, 3})}),
                                     name + ": weight [1, 2, 3] does not broadcast to the logits [2, 3]"),
                 rejects<ShapeError>(weighted({.pos_weight = Array::zeros({2})}),
                                     name + ": shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end"),
                 rejects<DTypeError>(
                     weighted({.weight = Array::zeros({3}, DType::f64)}),
                     name + ": expected the same dtype, got f32[2, 3] and f64[3]\nhint: convert with to(DType)")}),
       .configurations = 60,
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: mse_loss") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 4), -2, 2);
    const Array t = random.reals(x.shape());
    return pointwise_sample(x, t, random_reduction(random), mse_loss,
                            [&](const Index& index) { return std::pow(element(x, index) - element(t, index), 2); });
  };
  const auto call = [](const Tensor& x, const Tensor& t) { return mse_loss(x, t); };
  check_operator({.name = "mse_loss",
                  .sample = sample,
                  .on_empty = sums_of_nothing(mse_loss),
                  .rejections = pointwise_rejections("mse_loss", call),
                  .format_tolerance = 1e-14});
}

TEST_CASE("operator: l1_loss") {
  const auto sample = [](Generator& random) {
    const Array t = random.reals(random.shape(0, 4, 4));
    const Array x = away_from(t, random);
    return pointwise_sample(x, t, random_reduction(random), l1_loss,
                            [&](const Index& index) { return std::abs(element(x, index) - element(t, index)); });
  };
  const auto call = [](const Tensor& x, const Tensor& t) { return l1_loss(x, t); };
  check_operator({.name = "l1_loss",
                  .sample = sample,
                  .on_empty = sums_of_nothing(l1_loss),
                  .rejections = pointwise_rejections("l1_loss", call),
                  .format_tolerance = 1e-14});
}

namespace {

/// Differences up to 2.2, and a bound that is not close to any of them: between two of them or beyond all.
double random_bound(const Array& x, const Array& t, Generator& random) {
  std::vector<double> sizes = {0.05, 3};
  const auto xs = values_of(x), ts = values_of(t);
  for (std::size_t i = 0; i < xs.size(); ++i) sizes.push_back(std::abs(xs[i] - ts[i]));
  std::sort(sizes.begin(), sizes.end());
  std::vector<double> bounds;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    if (sizes[i] - sizes[i - 1] > 1e-3) bounds.push_back((sizes[i] + sizes[i - 1]) / 2);
  }
  return bounds[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bounds.size()) - 1))];
}

}  // namespace

TEST_CASE("operator: smooth_l1_loss") {
  const auto sample = [](Generator& random) {
    const Array t = random.reals(random.shape(0, 4, 4));
    const Array x = away_from(t, random);
    const double beta = random.one_in(6) ? 0 : random_bound(x, t, random);
    return pointwise_sample(
        x, t, random_reduction(random),
        [=](const Tensor& in, const Tensor& target, Reduction reduction) {
          return smooth_l1_loss(in, target, {.reduction = reduction, .beta = beta});
        },
        [&](const Index& index) {
          const double d = std::abs(element(x, index) - element(t, index));
          return d < beta ? d * d / (2 * beta) : d - beta / 2;
        },
        "beta " + std::to_string(beta));
  };
  const auto call = [](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t); };
  const auto with_beta = [](double beta) {
    return [=] { smooth_l1_loss(Array::zeros({2}), Array::zeros({2}), {.beta = beta}); };
  };
  check_operator(
      {.name = "smooth_l1_loss",
       .sample = sample,
       .on_empty = sums_of_nothing([](const Tensor& x, const Tensor& t, Reduction reduction) {
         return smooth_l1_loss(x, t, {.reduction = reduction});
       }),
       .rejections =
           with(pointwise_rejections("smooth_l1_loss", call),
                {rejects<ValueError>(with_beta(-1), "smooth_l1_loss: beta must be finite and not negative, got -1"),
                 rejects<ValueError>(with_beta(NAN), "smooth_l1_loss: beta must be finite and not negative, got nan")}),
       .configurations = 40,
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: huber_loss") {
  const auto sample = [](Generator& random) {
    const Array t = random.reals(random.shape(0, 4, 4));
    const Array x = away_from(t, random);
    const double delta = random_bound(x, t, random);
    return pointwise_sample(
        x, t, random_reduction(random),
        [=](const Tensor& in, const Tensor& target, Reduction reduction) {
          return huber_loss(in, target, {.reduction = reduction, .delta = delta});
        },
        [&](const Index& index) {
          const double d = std::abs(element(x, index) - element(t, index));
          return d < delta ? d * d / 2 : delta * (d - delta / 2);
        },
        "delta " + std::to_string(delta));
  };
  const auto call = [](const Tensor& x, const Tensor& t) { return huber_loss(x, t); };
  const auto with_delta = [](double delta) {
    return [=] { huber_loss(Array::zeros({2}), Array::zeros({2}), {.delta = delta}); };
  };
  check_operator(
      {.name = "huber_loss",
       .sample = sample,
       .on_empty = sums_of_nothing([](const Tensor& x, const Tensor& t, Reduction reduction) {
         return huber_loss(x, t, {.reduction = reduction});
       }),
       .rejections =
           with(pointwise_rejections("huber_loss", call),
                {rejects<ValueError>(with_delta(0), "huber_loss: delta must be positive and finite, got 0"),
                 rejects<ValueError>(with_delta(INFINITY), "huber_loss: delta must be positive and finite, got inf")}),
       .configurations = 40,
       .format_tolerance = 1e-14});
}

}  // namespace test_pointwise_loss
