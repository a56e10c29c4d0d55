#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>

#include "autograd/generate.hpp"
#include "nn/layer_checks.hpp"

namespace test_multihead_attention {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::MultiheadAttention;

namespace {

MultiheadAttention layer_of(std::int64_t embed_dim, std::int64_t heads, bool bias = true) {
  manual_seed(1);
  MultiheadAttention layer({.embed_dim = embed_dim, .num_heads = heads, .bias = bias});
  for (const Tensor& parameter : layer.parameters()) {
    if (parameter.rank() == 1) Array(parameter.array()).copy_from(Generator(3).reals(parameter.shape()));
  }
  layer.to(DType::f64);
  return layer;
}

/// One sample and one head at a time: query (L, E), key and value (S, E); masked scores are −∞.
Tensor plainly(MultiheadAttention& layer, std::int64_t heads, const Tensor& query, const Tensor& key,
               const Tensor& value, const Array& bias) {
  const std::int64_t size = query.size(1);
  const auto named = layer.named_parameters();
  const auto of = [&](const std::string& name) {
    for (const auto& one : named) {
      if (one.name == name) return one.tensor;
    }
    return Tensor();
  };
  const Tensor in_bias = of("in_proj_bias"), out_bias = of("out_proj.bias");
  const auto projected = [&](const Tensor& x, std::int64_t part) {
    const Tensor weight = slice(of("in_proj_weight"), 0, part * size, (part + 1) * size);
    const Tensor y = matmul(x, transpose(weight, 0, 1));
    return in_bias.defined() ? y + slice(in_bias, 0, part * size, (part + 1) * size) : y;
  };
  const Tensor q = projected(query, 0), k = projected(key, 1), v = projected(value, 2);
  std::vector<Tensor> results;
  const std::int64_t width = size / heads;
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto part = [&](const Tensor& x) { return slice(x, 1, head * width, (head + 1) * width); };
    const Tensor scores = matmul(part(q), transpose(part(k), 0, 1)) / std::sqrt(static_cast<double>(width));
    results.push_back(matmul(softmax(scores + bias), part(v)));
  }
  const Tensor y = matmul(cat(results, 1), transpose(of("out_proj.weight"), 0, 1));
  return out_bias.defined() ? y + out_bias : y;
}

Tensor sample_of(const Tensor& x, std::int64_t i) {
  return squeeze(slice(x, 0, i, i + 1), 0);
}

}  // namespace

TEST_CASE("multi-head attention treats every sample and head independently") {
  Generator random(1);
  for (const bool bias : {true, false}) {
    MultiheadAttention layer = layer_of(6, 3, bias);
    const Tensor query = random.reals({2, 3, 6}), key = random.reals({2, 4, 6}), value = random.reals({2, 4, 6});
    const Array mask = random.reals({3, 4});
    const Tensor y = layer(query, key, value, {.attn_mask = mask});
    const Tensor self = layer(query, query, query);
    for (std::int64_t i = 0; i < 2; ++i) {
      const Tensor q = sample_of(query, i);
      // Sums of a dozen products of numbers near 1.
      require_close(sample_of(y, i).array(), plainly(layer, 3, q, sample_of(key, i), sample_of(value, i), mask).array(),
                    1e-14);
      require_close(sample_of(self, i).array(), plainly(layer, 3, q, q, q, Array::zeros({1}, DType::f64)).array(),
                    1e-14);
    }
  }
}

TEST_CASE("masks of multi-head attention hide keys where they are 1") {
  const double never = -std::numeric_limits<double>::infinity();
  Generator random(2);
  MultiheadAttention layer = layer_of(4, 2);
  const Tensor x = random.reals({2, 3, 4});
  const Array padding = Array::from({2, 3}, std::vector<std::uint8_t>{0, 0, 1, 0, 0, 0});
  const Array hidden = Array::from({3, 3}, std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 1, 0, 0});
  const Array added = f64({3, 3}, {0, never, 0, 0, 0, 0, never, 0, 0});
  const auto wanted = [&](std::int64_t sample, const Array& bias) {
    const Tensor one = sample_of(x, sample);
    return plainly(layer, 2, one, one, one, bias).array();
  };
  const auto require_rows = [&](const nn::MultiheadAttention::Masks& masks, const Array& first, const Array& second) {
    const Tensor y = layer(x, x, x, masks);
    require_close(sample_of(y, 0).array(), wanted(0, first), 1e-14);
    require_close(sample_of(y, 1).array(), wanted(1, second), 1e-14);
  };
  const Array none = Array::zeros({1}, DType::f64);
  const Array last = f64({1, 3}, {0, 0, never});
  require_rows({.attn_mask = hidden}, added, added);
  require_rows({.attn_mask = added}, added, added);
  require_rows({.key_padding_mask = padding}, last, none);
  const Array together = f64({3, 3}, {0, never, never, 0, 0, never, never, 0, never});
  require_rows({.key_padding_mask = padding, .attn_mask = hidden}, together, added);
  require_rows({.key_padding_mask = padding, .attn_mask = added}, together, added);
  const Array causal = f64({3, 3}, {0, never, never, 0, 0, never, 0, 0, 0});
  require_rows({.is_causal = true}, causal, causal);
  // A mask for every sample and head.
  const Array all = (Tensor(hidden.to(DType::f64)) + Array::zeros({2, 2, 1, 1}, DType::f64)).array().to(DType::u8);
  require_rows({.attn_mask = all}, added, added);
}

TEST_CASE("a query whose keys are all padding gets the bias of the projection") {
  MultiheadAttention layer = layer_of(4, 2);
  const Tensor x = Generator(4).reals({1, 2, 4});
  const Tensor y = layer(x, x, x, {.key_padding_mask = Array::full({1, 2}, 1, DType::u8)});
  const Array bias = layer.named_parameters()[3].tensor.array();
  require_equal(y.array(), (Tensor(bias) + Array::zeros({1, 2, 1}, DType::f64)).array());
}

TEST_CASE("parameters of multi-head attention have the names and initial values of PyTorch") {
  manual_seed(5);
  MultiheadAttention layer({.embed_dim = 40, .num_heads = 4});
  const auto named = layer.named_parameters();
  const std::vector<std::string> names = {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"};
  const std::vector<Shape> shapes = {{120, 40}, {120}, {40, 40}, {40}};
  REQUIRE(named.size() == 4);
  for (const std::string& name : names) {
    const auto i = static_cast<std::size_t>(&name - names.data());
    const auto found = std::find_if(named.begin(), named.end(), [&](const auto& one) { return one.name == name; });
    REQUIRE((found != named.end() && found->tensor.shape() == shapes[i]));
    if (name == "in_proj_weight") require_uniform(found->tensor, std::sqrt(6.0 / 160));
    if (name == "out_proj.weight") require_uniform(found->tensor, 1 / std::sqrt(40.0));
    if (found->tensor.rank() == 1) require_equal(found->tensor.array(), Array::zeros(shapes[i]));
  }
  MultiheadAttention without({.embed_dim = 4, .num_heads = 2, .bias = false});
  REQUIRE(without.parameters().size() == 2);
}

TEST_CASE("multi-head attention applies dropout in training only") {
  manual_seed(6);
  MultiheadAttention layer({.embed_dim = 4, .num_heads = 2, .dropout = 0.5});
  const Tensor x = Generator(5).reals({2, 6, 4}).to(DType::f32);
  REQUIRE(values_of(layer(x, x, x).array()) != values_of(layer(x, x, x).array()));
  layer.eval();
  require_equal(layer(x, x, x).array(), layer(x, x, x).array());
}

TEST_CASE("gradients of multi-head attention of both orders are correct") {
  MultiheadAttention layer = layer_of(4, 2);
  Generator random(7);
  std::vector<Array> inputs = {random.reals({2, 3, 4}), random.reals({2, 2, 4})};
  require_gradients([&](const std::vector<Tensor>& in) { return layer(in[0], in[1], in[1]); }, inputs);
  require_gradients([&](const std::vector<Tensor>& in) { return layer(in[0], in[0], in[0], {.is_causal = true}); },
                    {inputs[0]});
  const Tensor x = inputs[0];
  sum(layer(x, x, x)).backward();
  for (const Tensor& parameter : layer.parameters()) REQUIRE(parameter.grad().defined());
}

TEST_CASE("multi-head attention reports operands that do not match") {
  REQUIRE_THROWS_MATCHES(MultiheadAttention({.embed_dim = 6, .num_heads = 4}), ValueError,
                         Message("MultiheadAttention: num_heads 4 must divide embed_dim 6, both at least 1"));
  REQUIRE_THROWS_MATCHES(MultiheadAttention({.embed_dim = 0, .num_heads = 1}), ValueError,
                         Message("MultiheadAttention: num_heads 1 must divide embed_dim 0, both at least 1"));
  REQUIRE_THROWS_MATCHES(MultiheadAttention({.embed_dim = 2, .num_heads = 1, .dropout = 2}), ValueError,
                         Message("MultiheadAttention: p must be in [0, 1], got 2"));
  MultiheadAttention layer({.embed_dim = 4, .num_heads = 2});
  const Tensor x = Array::zeros({2, 3, 4});
  REQUIRE_THROWS_MATCHES(layer(x, x, Array::zeros({2, 2, 4})), ShapeError,
                         Message("MultiheadAttention: expected a query (N, L, 4), a key and a value (N, S, 4), got "
                                 "[2, 3, 4], [2, 3, 4] and [2, 2, 4]"));
  REQUIRE_THROWS_AS(layer(Array::zeros({3, 4}), x, x), ShapeError);
  REQUIRE_THROWS_AS(layer(x, Array::zeros({1, 3, 4}), x), ShapeError);
  REQUIRE_THROWS_MATCHES(
      layer(x, x, x, {.key_padding_mask = Array::zeros({3, 2}, DType::u8)}), ShapeError,
      Message("MultiheadAttention: expected a key_padding_mask u8[2, 3] (key [2, 3, 4]), got u8[3, 2]"));
}

}  // namespace test_multihead_attention
