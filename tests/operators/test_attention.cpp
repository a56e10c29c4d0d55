#include <cmath>

#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_attention {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Sample attention_sample(Generator& random) {
  const Shape leading = random.shape(0, 2, 3);
  const std::int64_t queries = random.between(1, 4), keys = random.between(1, 5);
  const std::int64_t features = random.between(1, 3), values = random.between(1, 3);
  const Array query = random.reals(joined(leading, {queries, features}), -2, 2);
  const Array key = random.reals(joined(leading, {keys, features}), -2, 2);
  const Array value = random.reals(joined(leading, {keys, values}), -2, 2);
  const Shape scores = joined(leading, {queries, keys});
  const bool is_causal = random.one_in(3);
  const bool has_scale = random.one_in(3);
  const double scale = has_scale ? 0.7 : 1 / std::sqrt(static_cast<double>(features));
  const double p = random.one_in(3) ? 0.4 : 0;
  const RandomStream stream{.seed = static_cast<std::uint64_t>(random.between(0, 99))};
  const Array draws = RandomStream(stream).uniform(scores).to(DType::f64);
  const bool has_bias = random.one_in(3);
  const Array bias = random.reals(random.broadcastable(scores), -2, 2);
  Array allowed;
  if (!has_bias && random.one_in(2)) {
    std::vector<std::uint8_t> bits;
    const Shape shape = random.broadcastable(scores);
    for (std::int64_t i = 0; i < shape.numel(); ++i) bits.push_back(random.one_in(3) ? 0 : 1);
    allowed = Array::from(shape, bits);
  }
  const auto sees = [&](const Index& score) {
    if (is_causal && score.back() > score[score.size() - 2]) return false;
    return !allowed.defined() || values_of(allowed)[broadcast_position(score, allowed.shape())] != 0;
  };
  const auto score_of = [&](Index score) {
    const std::int64_t seen = score.back();
    long double sum = 0;
    for (std::int64_t e = 0; e < features; ++e) {
      Index of_query = score, of_key = score;
      of_query.back() = e;
      of_key[of_key.size() - 2] = seen;
      of_key.back() = e;
      sum += static_cast<long double>(element(query, of_query)) * element(key, of_key);
    }
    return sum * scale + (has_bias ? values_of(bias)[broadcast_position(score, bias.shape())] : 0);
  };
  const auto expected = [&](const Index& index) -> long double {
    long double total = 0, sum = 0;
    for (std::int64_t s = 0; s < keys; ++s) {
      Index score = index, of_value = index;
      score.back() = s;
      of_value[of_value.size() - 2] = s;
      if (!sees(score)) continue;
      const long double power = std::exp(score_of(score));
      total += power;
      if (element(draws, score) >= p) sum += power / (1 - p) * element(value, of_value);
    }
    return total > 0 ? sum / total : 0;
  };
  std::vector<Array> inputs = {query, key, value};
  if (has_bias) inputs.push_back(bias);
  return {.function =
              [=](Inputs in) {
                RandomStream copy = stream;
                AttentionOptions options{.dropout_p = p, .is_causal = is_causal, .stream = &copy};
                if (has_scale) options.scale = scale;
                if (has_bias) options.attn_mask = in[3];
                if (allowed.defined()) options.attn_mask = allowed;
                return scaled_dot_product_attention(in[0], in[1], in[2], options);
              },
          .inputs = inputs,
          .expected = made_of(joined(leading, {queries, values}), expected),
          .options = std::string(is_causal ? "causal " : "") + (allowed.defined() ? "masked " : "") + "p " +
                     std::to_string(p)};
}

Sample on_empty(const Shape& query, const Shape& key, const Shape& result) {
  return {[](Inputs in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
          {Array::zeros(query), Array::zeros(key), Array::zeros(key)},
          Array::zeros(result)};
}

}  // namespace

TEST_CASE("operator: scaled_dot_product_attention") {
  const std::string name = "scaled_dot_product_attention";
  const auto call = [](const Array& q, const Array& k, const Array& v, const AttentionOptions& options = {}) {
    return [=] { scaled_dot_product_attention(q, k, v, options); };
  };
  const Array q = Array::zeros({2, 3, 4}), k = Array::zeros({2, 5, 4}), v = Array::zeros({2, 5, 6});
  const std::string expected = name + ": expected a query (…, L, E), a key (…, S, E) and a value (…, S, V), got ";
  check_operator(
      {.name = "scaled_dot_product_attention",
       .sample = attention_sample,
       .on_empty = {on_empty({0, 3, 4}, {0, 5, 4}, {0, 3, 4}), on_empty({2, 0, 4}, {2, 5, 4}, {2, 0, 4}),
                    on_empty({2, 3, 4}, {2, 0, 4}, {2, 3, 4})},
       .rejections =
           {rejects<ShapeError>(call(q, Array::zeros({2, 5, 3}), v), expected + "[2, 3, 4], [2, 5, 3] and [2, 5, 6]"),
            rejects<ShapeError>(call(q, k, Array::zeros({2, 4, 6})), expected + "[2, 3, 4], [2, 5, 4] and [2, 4, 6]"),
            rejects<ShapeError>(call(q, Array::zeros({1, 5, 4}), v), expected + "[2, 3, 4], [1, 5, 4] and [2, 5, 6]"),
            rejects<ShapeError>(call(Array::zeros({4}), k, v), expected + "[4], [2, 5, 4] and [2, 5, 6]"),
            rejects<DTypeError>(call(q, k, Array::zeros({2, 5, 6}, DType::f64)),
                                name +
                                    ": expected the same dtype, got f32[2, 3, 4] and f64[2, 5, 6]\nhint: convert with "
                                    "to(DType)"),
            rejects<ShapeError>(call(q, k, v, {.attn_mask = Array::zeros({3, 4}, DType::u8)}),
                                name + ": the attn_mask [3, 4] does not broadcast to the scores [2, 3, 5]"),
            rejects<DTypeError>(call(q, k, v, {.attn_mask = Array::zeros({3, 5}, DType::f64)}),
                                name + ": expected an attn_mask of type u8 or f32, got f64[3, 5]"),
            rejects<ValueError>(call(q, k, v, {.dropout_p = 1.5}), name + ": p must be in [0, 1], got 1.5"),
            rejects<ValueError>(call(q, k, v, {.dropout_p = 0.5}), name + ": dropout_p 0.5 requires a random stream")},
       .configurations = 60,
       .f32_tolerance = 4e-6,
       .format_tolerance = 1e-14});
}

}  // namespace test_attention
