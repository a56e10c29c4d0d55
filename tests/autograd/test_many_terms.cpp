// Sums of many equal terms, in values and in gradients: added up one by one in f32, a million of them are off by a
// percent.
#include <algorithm>
#include <cmath>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/pad.hpp>

#include "autograd/many_terms.hpp"

namespace test_many_terms {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// ±0.1 in turn.
Array alternating(const Shape& shape) {
  Array x = full(shape);
  float* const values = x.mutable_data<float>();
  for (std::int64_t i = 1; i < x.numel(); i += 2) values[i] = -values[i];
  return x;
}

std::vector<Sum> reductions() {
  return {
      {"sum", [](auto n) { return sum(full({n})).array(); }, times_term},
      {"sum of columns",
       [](auto n) {
         return sum(full({n, 2}), {0}).array();
       },
       times_term},
      {"mean", [](auto n) { return mean(full({n})).array(); }, just_term},
      {"norm", [](auto n) { return norm(full({n})).array(); }, [](double n) { return term * std::sqrt(n); }},
      {"norm of order 1", [](auto n) { return norm(full({n}), 1).array(); }, times_term},
      {"var", [](auto n) { return var(alternating({n}), {}, {.correction = 0}).array(); },
       [](double) { return term * term; }},
      {"softmax", [](auto n) { return softmax(full({n})).array(); }, [](double n) { return 1 / n; }},
      {"softmax of columns",
       [](auto n) {
         return softmax(full({n, 2}), 0).array();
       },
       [](double n) { return 1 / n; }},
      {"log_softmax", [](auto n) { return log_softmax(full({n})).array(); }, [](double n) { return -std::log(n); }},
      {"gradient of log_softmax",
       [](auto n) { return add(gradient({n}, [](const Tensor& x) { return log_softmax(x); }), full({1}, 1)).array(); },
       [](double) { return 1; }},
      {"avg_pool1d",
       [](auto n) {
         return avg_pool1d(full({1, 2, n}), {.kernel_size = n}).array();
       },
       just_term},
      {"avg_pool2d of columns",
       [](auto n) {
         return avg_pool2d(full({1, 1, n, 1}), {.kernel_size = {n, 1}}).array();
       },
       just_term},
      {"adaptive_avg_pool2d",
       [](auto n) {
         return adaptive_avg_pool2d(full({1, 1, 64, n / 64}), 1).array();
       },
       just_term},
      {"global_avg_pool2d",
       [](auto n) {
         return global_avg_pool2d(full({1, 1, 64, n / 64})).array();
       },
       just_term},
      {"layer_norm",
       [](auto n) {
         return abs(layer_norm(alternating({1, n}), {n})).array();
       },
       [](double) { return term / std::sqrt(term * term + 1e-5); }},
      {"rms_norm",
       [](auto n) {
         return rms_norm(full({1, n}), {n}, {}, 1e-5).array();
       },
       [](double) { return term / std::sqrt(term * term + 1e-5); }},
      {"batch_norm",
       [](auto n) {
         return abs(batch_norm(alternating({n, 1}), {}, {}, {}, {}, {.training = true})).array();
       },
       [](double) { return term / std::sqrt(term * term + 1e-5); }},
      {"group_norm",
       [](auto n) {
         return abs(group_norm(alternating({1, 2, n / 2}), 1)).array();
       },
       [](double) { return term / std::sqrt(term * term + 1e-5); }},
  };
}

std::vector<Sum> losses() {
  return {
      {"mse_loss", [](auto n) { return mse_loss(full({n}), full({n}, 0), Reduction::sum).array(); },
       [](double n) { return n * static_cast<double>(0.1F * 0.1F); }},
      {"l1_loss", [](auto n) { return l1_loss(full({n}), full({n}, 0)).array(); }, just_term},
      {"huber_loss", [](auto n) { return huber_loss(full({n}, 0.6F), full({n}, 0)).array(); },
       [](double) { return 0.5 * static_cast<double>(0.6F) * static_cast<double>(0.6F); }},
      {"binary_cross_entropy_with_logits",
       [](auto n) { return binary_cross_entropy_with_logits(full({n}, 0), full({n}, 1)).array(); },
       [](double) { return std::log(2.0); }},
      {"binary_cross_entropy_with_logits with pos_weight",
       [](auto n) {
         return binary_cross_entropy_with_logits(full({n}, 0), full({n}, 1), {.pos_weight = full({1}, 3)}).array();
       },
       [](double) { return 3 * std::log(2.0); }},
      {"kl_div", [](auto n) { return kl_div(full({n}, -1), full({n})).array(); },
       [](double) { return term * (std::log(term) + 1); }, 5e-7},
      {"cross_entropy",
       [](auto n) {
         return cross_entropy(full({n, 2}), Array::zeros({n}, DType::i64)).array();
       },
       [](double) { return std::log(2.0); }},
      {"cross_entropy of many classes",
       [](auto n) {
         return cross_entropy(full({1, n}), Array::zeros({1}, DType::i64)).array();
       },
       [](double n) { return std::log(n); }},
      {"nll_loss",
       [](auto n) {
         return nll_loss(full({n, 2}), Array::zeros({n}, DType::i64)).array();
       },
       [](double) { return -term; }},
      {"dice_loss",
       [](auto n) {
         return dice_loss(full({1, 1, n}), full({1, 1, n}, 1), {.smooth = 1e-9}).array();
       },
       [](double) { return 1 - 2 * term / (1 + term); }, 5e-7},
  };
}

/// The largest size that interpolate accepts.
constexpr std::int64_t most_pixels = 16777216;

std::vector<Sum> accumulated() {
  const auto zeros_of = [](std::int64_t n) { return Array::zeros({n}, DType::i64); };
  return {
      {"broadcast", [](auto n) { return gradient({1}, [=](const Tensor& x) { return x + full({n}); }); }, times_term},
      {"expand", [](auto n) { return gradient({2}, [=](const Tensor& x) {
                                return broadcast_to(x, {n, 2});
                              }); },
       times_term},
      {"where",
       [](auto n) {
         return gradient({1}, [=](const Tensor& x) { return where(Array::full({n}, 1, DType::u8), x, 0); });
       },
       times_term},
      {"prelu", [](auto n) { return gradient({1}, [=](const Tensor& w) { return prelu(full({n}, -1), w); }); },
       [](double n) { return -term * n; }},
      {"linear bias",
       [](auto n) { return gradient({2}, [=](const Tensor& b) {
                      return linear(full({n, 1}), full({2, 1}), b);
                    }); },
       times_term},
      {"conv1d bias",
       [](auto n) {
         return gradient({2}, [=](const Tensor& b) { return conv1d(full({1, 1, n}), full({2, 1, 1}), b); });
       },
       times_term},
      {"layer_norm bias",
       [](auto n) { return gradient({2}, [=](const Tensor& b) {
                      return layer_norm(full({n, 2}), {2}, {}, b);
                    }); },
       times_term},
      {"batch_norm bias",
       [](auto n) {
         return gradient({2}, [=](const Tensor& b) {
           return batch_norm(full({n, 2}), {}, {}, {}, b, {.training = true});
         });
       },
       times_term},
      {"group_norm bias",
       [](auto n) {
         return gradient({2}, [=](const Tensor& b) { return group_norm(full({n / 16, 2, 16}), 1, {}, b); });
       },
       times_term},
      {"embedding",
       [=](auto n) {
         return gradient({1, 2}, [=](const Tensor& w) { return embedding(zeros_of(n), w); });
       },
       times_term},
      {"index_select",
       [=](auto n) {
         return gradient({1, 2}, [=](const Tensor& x) { return index_select(x, 0, zeros_of(n)); });
       },
       times_term},
      {"gather", [=](auto n) { return gradient({1}, [=](const Tensor& x) { return gather(x, 0, zeros_of(n)); }); },
       times_term},
      {"scatter_add", [=](auto n) { return scatter_add(full({1}), 0, zeros_of(n), full({n})).array(); },
       [](double n) { return term * (n + 1); }},
      {"pad",
       [](auto n) {
         return gradient({1, 1}, [=](const Tensor& x) { return pad(x, {n - 1, 0}, PaddingMode::replicate); });
       },
       times_term},
      {"interpolate",
       [](auto n) {
         n = std::min(n, most_pixels);
         return gradient({1, 1, 1, 1}, [=](const Tensor& x) { return interpolate(x, {.size = Pair(1, n)}); });
       },
       [=](double n) { return term * std::min(n, static_cast<double>(most_pixels)); }},
      {"adaptive_avg_pool2d",
       [](auto n) {
         n = std::min<std::int64_t>(n, 65536);
         return gradient({1, 1, 1, 1}, [=](const Tensor& x) { return adaptive_avg_pool2d(x, {1, n}); });
       },
       [](double n) { return term * std::min(n, 65536.0); }},
  };
}

}  // namespace

TEST_CASE("reductions of a million terms are exact") {
  check(reductions(), million);
}

TEST_CASE("losses of a million terms are exact") {
  check(losses(), million);
}

TEST_CASE("gradients that accumulate a million terms are exact") {
  check(accumulated(), million);
}

TEST_CASE("slow: sums of thirty million terms are exact") {
  for (const auto& all : {reductions(), losses(), accumulated()}) check(all, very_many);
}

}  // namespace test_many_terms
