// Batch normalization, alone and followed by other operators.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>

#include "operators/normalization_samples.hpp"

namespace test_batch_normalization {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The normalization in a sample of batch_norm, or of batch_norm followed by an operator.
using BatchNormalize = std::function<Tensor(const Tensor& x, const Array& running_mean, const Array& running_var,
                                            const Tensor& weight, const Tensor& bias, const BatchNormOptions& options)>;

Sample batch_norm_sample(Generator& random, const BatchNormalize& batch_normalize = batch_norm) {
  const std::int64_t channels = random.between(1, 9);
  const Array x = random.reals(random_channels(random, 2, channels), -2, 2);
  const double eps = random_eps(random);
  const bool training = random.one_in(2);
  const bool is_tracked = !random.one_in(3);
  const Array mean = random.reals({channels});
  const Array var = random.reals({channels}, 0.5, 1.5);
  const Normalize normalize = [=](const Tensor& input, const Tensor& weight, const Tensor& bias) {
    return batch_normalize(input, is_tracked ? mean.clone() : Array(), is_tracked ? var.clone() : Array(), weight, bias,
                           {.training = training, .eps = eps});
  };
  const StatisticsAt statistics = [&](const Index& index) {
    if (!training && is_tracked) return Statistics{element(mean, {index[1]}), element(var, {index[1]})};
    return statistics_of(x, [&](const Index& other) { return other[1] == index[1]; });
  };
  return normalization_sample(random, x, {channels}, true, eps, normalize, statistics,
                              [](const Index& index) { return Index{index[1]}; });
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
       .on_empty = {{evaluate_nothing, {Array::zeros({0, 3, 4, 5}), c3, c3}, Array::zeros({0, 3, 4, 5})},
                    {evaluate_nothing, {Array::zeros({0, 3}), c3, c3}, Array::zeros({0, 3})},
                    {evaluate_nothing, {Array::zeros({2, 3, 0}), c3, c3}, Array::zeros({2, 3, 0})}},
       .rejections = {rejects<ShapeError>(shaped({3}),
                                          "batch_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got [3]"),
                      rejects<ShapeError>(
                          shaped({1, 2, 3, 4, 5}),
                          "batch_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got [1, 2, 3, 4, 5]"),
                      rejects<ValueError>(
                          shaped({1, 3}),
                          "batch_norm: batch statistics require at least 2 values per channel, got 1 "
                          "(input [1, 3])\nhint: use a larger batch, or evaluation with running statistics"),
                      rejects<DTypeError>(
                          [] {
                            return batch_norm(Array::zeros({2, 3}, DType::u8), {}, {}, {}, {}, {.training = true});
                          },
                          "batch_norm: expected f32 or f64, got u8")},
       .configurations = 60,
       // Statistics of up to 36 values: some ten roundings more.
       .tolerance = 1e-13});
}

}  // namespace test_batch_normalization
