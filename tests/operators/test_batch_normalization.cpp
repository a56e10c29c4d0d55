// Batch normalisation, alone and with what comes after it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>

#include "operators/normalization_samples.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// What normalises in a sample of batch_norm, or of it with something after it.
using BatchNormalise = std::function<Tensor(const Tensor& x, const Array& running_mean, const Array& running_var,
                                            const Tensor& weight, const Tensor& bias, const BatchNormOptions& options)>;

Sample batch_norm_sample(Generator& random, const BatchNormalise& batch_normalise = batch_norm) {
  const std::int64_t channels = random.between(1, 9);
  const Array x = random.reals(made_up_channels(random, 2, channels), -2, 2);
  const double eps = made_up_eps(random);
  const bool training = random.one_in(2);
  const bool is_tracked = !random.one_in(3);
  const Array mean = random.reals({channels});
  const Array var = random.reals({channels}, 0.5, 1.5);
  const Normalise normalise = [=](const Tensor& input, const Tensor& weight, const Tensor& bias) {
    return batch_normalise(input, is_tracked ? mean.clone() : Array(), is_tracked ? var.clone() : Array(), weight, bias,
                           {.training = training, .eps = eps});
  };
  const StatisticsAt statistics = [&](const Index& index) {
    if (!training && is_tracked) return Statistics{element(mean, {index[1]}), element(var, {index[1]})};
    return statistics_of(x, [&](const Index& other) { return other[1] == index[1]; });
  };
  return normalisation_sample(random, x, {channels}, true, eps, normalise, statistics,
                              [](const Index& index) { return Index{index[1]}; });
}

/// Results that are no nearer to a kink than 0.01.
Sample batch_norm_relu_sample(Generator& random) {
  const double bound = random.one_in(2) ? random.real(0.3, 1) : std::numeric_limits<double>::infinity();
  const BatchNormalise normalise = [bound](const Tensor& x, const Array& mean, const Array& var, const Tensor& weight,
                                           const Tensor& bias, const BatchNormOptions& options) {
    return batch_norm_relu(x, mean, var, weight, bias,
                           {.training = options.training, .eps = options.eps, .max_value = bound});
  };
  const auto is_near_kink = [&](double y) { return std::abs(y) < 0.01 || std::abs(y - bound) < 0.01; };
  Sample sample = batch_norm_sample(random, normalise);
  for (;; sample = batch_norm_sample(random, normalise)) {
    const auto values = sample.expected.to_vector<double>();
    if (std::none_of(values.begin(), values.end(), is_near_kink)) break;
  }
  sample.expected = mapped(sample.expected, [&](double y) { return std::min(std::max(y, 0.0), bound); });
  sample.options += ", max_value " + std::to_string(bound);
  return sample;
}

/// Sums that are no nearer to the kink than 0.01.
Sample batch_norm_add_relu_sample(Generator& random) {
  const auto residual = std::make_shared<Tensor>();  // the last input, on its way past those of the normalisation
  const BatchNormalise normalise = [residual](const Tensor& x, const Array& mean, const Array& var,
                                              const Tensor& weight, const Tensor& bias,
                                              const BatchNormOptions& options) {
    return batch_norm_add_relu(x, *residual, mean, var, weight, bias, options);
  };
  Sample sample = batch_norm_sample(random, normalise);
  const Array added = mapped(sample.expected, [&](double y) {
    double term = random.real(-2, 2);
    while (std::abs(y + term) < 0.01) term = random.real(-2, 2);
    return term;
  });
  sample.expected = made_of(added.shape(), [&, normalised = sample.expected](const Index& index) {
    return std::max(element(normalised, index) + element(added, index), 0.0);
  });
  sample.function = [residual, normalised = sample.function](Inputs in) {
    *residual = in.back();
    return normalised(std::vector<Tensor>(in.begin(), in.end() - 1));
  };
  sample.inputs.push_back(added);
  return sample;
}

}  // namespace

TEST_CASE("operator: batch_norm") {
  const CheckedFunction evaluate_nothing = [](Inputs in) {
    return batch_norm(in[0], Array::zeros({3}, in[0].dtype()), Array::full({3}, 1, in[0].dtype()), in[1], in[2],
                      {.training = false});
  };
  const Array c3 = Array::full({3}, 1);
  const auto shaped = [](const Shape& shape) {
    return [=] { return batch_norm(Array::zeros(shape), {}, {}, {}, {}, {.training = true}); };
  };
  check_operator(
      {.name = "batch_norm",
       .sample = [](Generator& random) { return batch_norm_sample(random); },
       .on_nothing = {{evaluate_nothing, {Array::zeros({0, 3, 4, 5}), c3, c3}, Array::zeros({0, 3, 4, 5})},
                      {evaluate_nothing, {Array::zeros({0, 3}), c3, c3}, Array::zeros({0, 3})},
                      {evaluate_nothing, {Array::zeros({2, 3, 0}), c3, c3}, Array::zeros({2, 3, 0})}},
       .refusals = {refuses<ShapeError>(shaped({3}),
                                        "batch_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got [3]"),
                    refuses<ShapeError>(
                        shaped({1, 2, 3, 4, 5}),
                        "batch_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got [1, 2, 3, 4, 5]"),
                    refuses<ValueError>(
                        shaped({1, 3}),
                        "batch_norm: the statistics of a batch need at least 2 values per channel, got 1 "
                        "(input [1, 3])\nhint: use a larger batch, or evaluation with running statistics"),
                    refuses<DTypeError>(
                        [] {
                          return batch_norm(Array::zeros({2, 3}, DType::u8), {}, {}, {}, {}, {.training = true});
                        },
                        "batch_norm: expected f32 or f64, got u8")},
       .configurations = 60,
       // Statistics of up to 36 values: some ten roundings more.
       .tolerance = 1e-13});
}

TEST_CASE("operator: batch_norm_relu") {
  const CheckedFunction evaluate_nothing = [](Inputs in) {
    return batch_norm_relu(in[0], Array::zeros({3}, in[0].dtype()), Array::full({3}, 1, in[0].dtype()), in[1], in[2],
                           {.training = false});
  };
  const auto bounded = [](double max_value) {
    return [=] {
      return batch_norm_relu(Array::zeros({2, 3}), {}, {}, {}, {}, {.training = true, .max_value = max_value});
    };
  };
  const Array c3 = Array::full({3}, 1);
  check_operator(
      {.name = "batch_norm_relu",
       .sample = batch_norm_relu_sample,
       .on_nothing = {{evaluate_nothing, {Array::zeros({0, 3, 4, 5}), c3, c3}, Array::zeros({0, 3, 4, 5})}},
       .refusals = {refuses<ValueError>(bounded(0), "batch_norm_relu: max_value must be above 0, got 0"),
                    refuses<ValueError>(bounded(-1), "batch_norm_relu: max_value must be above 0, got -1"),
                    refuses<ValueError>(bounded(std::numeric_limits<double>::quiet_NaN()),
                                        "batch_norm_relu: max_value must be above 0, got nan"),
                    refuses<ValueError>(
                        [] {
                          return batch_norm_relu(Array::zeros({1, 3}), {}, {}, {}, {}, {.training = true});
                        },
                        "batch_norm_relu: the statistics of a batch need at least 2 values per channel, got 1 "
                        "(input [1, 3])\nhint: use a larger batch, or evaluation with running statistics"),
                    refuses<ShapeError>(
                        [] { return batch_norm_relu(Array::zeros({3}), {}, {}, {}, {}, {.training = true}); },
                        "batch_norm_relu: expected an input (N, C), (N, C, L) or (N, C, H, W), got [3]"),
                    refuses<DTypeError>(
                        [] {
                          return batch_norm_relu(Array::zeros({2, 3}, DType::u8), {}, {}, {}, {}, {.training = true});
                        },
                        "batch_norm_relu: expected f32 or f64, got u8")},
       .configurations = 60,
       // Statistics of up to 36 values: some ten roundings more.
       .tolerance = 1e-13});
}

TEST_CASE("operator: batch_norm_add_relu") {
  const CheckedFunction evaluate_nothing = [](Inputs in) {
    return batch_norm_add_relu(in[0], in[1], Array::zeros({3}, in[0].dtype()), Array::full({3}, 1, in[0].dtype()),
                               in[2], in[3], {.training = false});
  };
  const auto with = [](const Array& x, const Array& residual) {
    return [=] { return batch_norm_add_relu(x, residual, {}, {}, {}, {}, {.training = true}); };
  };
  const Array c3 = Array::full({3}, 1);
  const Array nothing = Array::zeros({0, 3, 4, 5});
  check_operator(
      {.name = "batch_norm_add_relu",
       .sample = batch_norm_add_relu_sample,
       .on_nothing = {{evaluate_nothing, {nothing, nothing, c3, c3}, nothing}},
       .refusals = {refuses<ShapeError>(
                        with(Array::zeros({2, 3}), Array::zeros({3, 2})),
                        "batch_norm_add_relu: expected x and residual of one shape, got [2, 3] and [3, 2]"),
                    refuses<DTypeError>(with(Array::zeros({2, 3}), Array::zeros({2, 3}, DType::f64)),
                                        "batch_norm_add_relu: expected the same dtype, got f32[2, 3] and f64[2, 3]\n"
                                        "hint: convert with to(DType)"),
                    refuses<ValueError>(
                        with(Array::zeros({1, 3}), Array::zeros({1, 3})),
                        "batch_norm_add_relu: the statistics of a batch need at least 2 values per channel, got 1 "
                        "(input [1, 3])\nhint: use a larger batch, or evaluation with running statistics"),
                    refuses<DTypeError>(with(Array::zeros({2, 3}, DType::u8), Array::zeros({2, 3}, DType::u8)),
                                        "batch_norm_add_relu: expected f32 or f64, got u8")},
       .configurations = 60,
       // Statistics of up to 36 values: some ten roundings more.
       .tolerance = 1e-13});
}
