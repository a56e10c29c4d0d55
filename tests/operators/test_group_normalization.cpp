// Normalization over groups of channels, over single channels and across channels.
#include <limits>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>

#include "operators/normalization_samples.hpp"

namespace test_group_normalization {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Sample group_norm_sample(Generator& random) {
  const std::int64_t groups = random.between(1, 3);
  const std::int64_t per_group = random.between(2, 4);
  const Array x = random.reals(random_channels(random, 2, groups * per_group), -2, 2);
  const double eps = random_eps(random);
  const StatisticsAt statistics = [&](const Index& index) {
    return statistics_of(
        x, [&](const Index& other) { return other[0] == index[0] && other[1] / per_group == index[1] / per_group; });
  };
  return normalization_sample(
      random, x, {x.size(1)}, true, eps,
      [=](const Tensor& input, const Tensor& weight, const Tensor& bias) {
        return group_norm(input, groups, weight, bias, eps);
      },
      statistics, [](const Index& index) { return Index{index[1]}; });
}

Sample instance_norm_sample(Generator& random) {
  const std::int64_t channels = random.between(1, 9);
  const Array x = random.reals(random_channels(random, 3, channels), -2, 2);
  const double eps = random_eps(random);
  const bool use_input_stats = !random.one_in(3);
  const bool is_tracked = !use_input_stats || random.one_in(2);
  const Array mean = random.reals({channels});
  const Array var = random.reals({channels}, 0.5, 1.5);
  const Normalize normalize = [=](const Tensor& input, const Tensor& weight, const Tensor& bias) {
    return instance_norm(input, is_tracked ? mean.clone() : Array(), is_tracked ? var.clone() : Array(), weight, bias,
                         {.use_input_stats = use_input_stats, .eps = eps});
  };
  const StatisticsAt statistics = [&](const Index& index) {
    if (!use_input_stats) return Statistics{element(mean, {index[1]}), element(var, {index[1]})};
    return statistics_of(x, [&](const Index& other) { return other[0] == index[0] && other[1] == index[1]; });
  };
  return normalization_sample(random, x, {channels}, true, eps, normalize, statistics,
                              [](const Index& index) { return Index{index[1]}; });
}

Sample local_response_norm_sample(Generator& random) {
  const Array x = random.reals(random_channels(random, 3, random.between(1, 7)), -2, 2);
  const std::int64_t size = random.between(1, 6);
  const double alpha = random.real(0.1, 2);
  const double beta = random.one_in(2) ? 0.75 : random.real(0.3, 1.5);
  const double k = random.real(0.5, 2);
  const auto value = [&](const Index& index) {
    double squares = 0;
    for (std::int64_t c = index[1] - size / 2; c < index[1] - size / 2 + size; ++c) {
      Index other = index;
      other[1] = c;
      if (c >= 0 && c < x.size(1)) squares += element(x, other) * element(x, other);
    }
    return element(x, index) / std::pow(k + alpha * squares / static_cast<double>(size), beta);
  };
  return {.function = [=](Inputs in) { return local_response_norm(in[0], size, alpha, beta, k); },
          .inputs = {x},
          .expected = made_of(x.shape(), value),
          .options = "size " + std::to_string(size) + " beta " + std::to_string(beta)};
}

}  // namespace

TEST_CASE("operator: group_norm") {
  const Array x = Array::zeros({2, 6, 4, 5});
  const Array c4 = Array::full({4}, 1);
  const auto normalize = [=](std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                             double eps = 1e-5) { return [=] { return group_norm(x, groups, weight, bias, eps); }; };
  check_operator(
      {.name = "group_norm",
       .sample = group_norm_sample,
       .on_empty = {{[](Inputs in) { return group_norm(in[0], 2, in[1], in[2]); },
                     {Array::zeros({0, 4, 3, 5}), c4, c4},
                     Array::zeros({0, 4, 3, 5})}},
       .rejections = {rejects<ValueError>(normalize(0), "group_norm: num_groups must be at least 1, got 0"),
                      rejects<ShapeError>(normalize(4),
                                          "group_norm: num_groups 4 does not divide the 6 channels of [2, 6, 4, 5]"),
                      rejects<ShapeError>(normalize(2, c4),
                                          "group_norm: expected a weight of shape [6] (input [2, 6, 4, 5]), got [4]"),
                      rejects<ShapeError>(normalize(2, {}, c4),
                                          "group_norm: expected a bias of shape [6] (input [2, 6, 4, 5]), got [4]"),
                      rejects<ValueError>(normalize(2, {}, {}, -1),
                                          "group_norm: eps must be positive and finite, got -1"),
                      rejects<ValueError>(
                          [] {
                            return group_norm(Array::zeros({5, 4, 1, 1}), 4);
                          },
                          "group_norm: expected at least 2 values per group, got 1 (input [5, 4, 1, 1])"),
                      rejects<ShapeError>([] { return group_norm(Array::zeros({4}), 1); },
                                          "group_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got [4]"),
                      rejects<DTypeError>(
                          [] {
                            return group_norm(Array::zeros({2, 4}, DType::i64), 1);
                          },
                          "group_norm: expected f32 or f64, got i64")},
       .configurations = 60,
       // Statistics of up to 48 values: some ten roundings more.
       .tolerance = 1e-13});
}

TEST_CASE("operator: instance_norm") {
  const Array x = Array::zeros({2, 3, 4, 5});
  const Array c3 = Array::full({3}, 1);
  const Array c4 = Array::full({4}, 1);
  check_operator(
      {.name = "instance_norm",
       .sample = instance_norm_sample,
       .on_empty = {{[=](Inputs in) { return instance_norm(in[0], c3.clone(), c3.clone(), in[1], in[2]); },
                     {Array::zeros({0, 3, 4, 5}), c3, c3},
                     Array::zeros({0, 3, 4, 5})}},
       .rejections =
           {rejects<ValueError>(
                [] {
                  return instance_norm(Array::zeros({5, 3, 1, 1}));
                },
                "instance_norm: expected at least 2 values per channel of a sample, got 1 "
                "(input [5, 3, 1, 1])"),
            rejects<ValueError>([=] { return instance_norm(x, {}, {}, {}, {}, {.use_input_stats = false}); },
                                "instance_norm: running statistics are required when use_input_stats is false"),
            rejects<ValueError>([=] { return instance_norm(x, {}, {}, {}, {}, {.momentum = 2}); },
                                "instance_norm: momentum must be in [0, 1], got 2"),
            rejects<ValueError>([=] { return instance_norm(x, {}, {}, {}, {}, {.eps = 0}); },
                                "instance_norm: eps must be positive and finite, got 0"),
            rejects<ValueError>([=] { return instance_norm(x, c3, {}); },
                                "instance_norm: running_mean and running_var must be both defined or both undefined"),
            rejects<ShapeError>([=] { return instance_norm(x, c3, c4); },
                                "instance_norm: expected a running_var of shape [3] (input [2, 3, 4, 5]), got [4]"),
            rejects<ShapeError>([=] { return instance_norm(x, {}, {}, c4); },
                                "instance_norm: expected a weight of shape [3] (input [2, 3, 4, 5]), got [4]"),
            rejects<ShapeError>(
                [] {
                  return instance_norm(Array::zeros({2, 3}));
                },
                "instance_norm: expected an input (N, C, L) or (N, C, H, W), got [2, 3]"),
            rejects<ShapeError>(
                [] {
                  return instance_norm(Array::zeros({2, 0, 3}));
                },
                "instance_norm: expected an input with channels, got [2, 0, 3]"),
            rejects<DTypeError>([=] { return instance_norm(x.to(DType::u8)); },
                                "instance_norm: expected f32 or f64, got u8")},
       .configurations = 60,
       // Statistics of up to 12 values: some roundings more.
       .tolerance = 1e-13});
}

TEST_CASE("operator: local_response_norm") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array x = Array::zeros({2, 3, 4});
  check_operator({.name = "local_response_norm",
                  .sample = local_response_norm_sample,
                  .on_empty = {{[](Inputs in) { return local_response_norm(in[0], 2); },
                                {Array::zeros({0, 3, 4, 5})},
                                Array::zeros({0, 3, 4, 5})},
                               {[](Inputs in) { return local_response_norm(in[0], 2); },
                                {Array::zeros({2, 0, 4})},
                                Array::zeros({2, 0, 4})}},
                  .rejections = {rejects<ValueError>([=] { return local_response_norm(x, 0); },
                                                     "local_response_norm: size must be at least 1, got 0"),
                                 rejects<ValueError>(
                                     [=] { return local_response_norm(x, 1, 1e-4, nan); },
                                     "local_response_norm: alpha, beta and k must be finite, got 0.0001, nan and 1"),
                                 rejects<ShapeError>(
                                     [] {
                                       return local_response_norm(Array::zeros({2, 3}), 1);
                                     },
                                     "local_response_norm: expected an input (N, C, L) or (N, C, H, W), got [2, 3]"),
                                 rejects<DTypeError>([=] { return local_response_norm(x.to(DType::i64), 1); },
                                                     "local_response_norm: expected f32 or f64, got i64")},
                  .configurations = 60});
}

}  // namespace test_group_normalization
