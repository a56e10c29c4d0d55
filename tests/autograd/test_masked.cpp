// What is masked contributes exactly nothing, even where it is NaN or infinite.
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>

#include "autograd/generate.hpp"

namespace test_masked {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A copy with the rows [begin, end) of the second but last axis set to `value`.
Array spoiled(const Array& x, std::int64_t begin, std::int64_t end, double value) {
  Array result = x.clone();
  auto* const elements = result.mutable_data<double>();
  const std::int64_t width = x.size(-1), rows = x.size(-2);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const std::int64_t row = i / width % rows;
    if (row >= begin && row < end) elements[i] = value;
  }
  return result;
}

/// Values and gradients with and without recording, and the gradients of the gradients.
std::vector<Array> everything(const CheckedFunction& function, const std::vector<Array>& inputs) {
  std::vector<Tensor> leaves;
  for (const Array& input : inputs) leaves.push_back(leaf(input));
  const Tensor y = function(leaves);
  std::vector<Array> all = {y.array()};
  for (const Tensor& one : grad(function(leaves), leaves, Array::full(y.shape(), 1, y.dtype())))
    all.push_back(one.array());
  const auto recorded = grad(y, leaves, Array::full(y.shape(), 1, y.dtype()), {.create_graph = true});
  Tensor total = Array::scalar(0, y.dtype());
  for (const Tensor& one : recorded) {
    all.push_back(one.array());
    total = total + sum(one * one);
  }
  if (!total.requires_grad()) return all;
  for (const Tensor& one : grad(total, leaves)) {
    if (one.defined()) all.push_back(one.array());
  }
  return all;
}

/// Requires that both agree in the rows [0, end) of arrays with at least that many rows, and are finite there.
void require_same_rows(const std::vector<Array>& got, const std::vector<Array>& wanted, std::int64_t end) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    INFO("array " << i);
    const std::int64_t width = wanted[i].size(-1), rows = wanted[i].size(-2);
    const auto a = values_of(got[i]), b = values_of(wanted[i]);
    for (std::int64_t at = 0; at < wanted[i].numel(); ++at) {
      if (at / width % rows >= end) continue;
      const auto place = static_cast<std::size_t>(at);
      // Zeros are left out of one product and not of the other.
      REQUIRE(std::isfinite(a[place]));
      REQUIRE(std::abs(a[place] - b[place]) <= 1e-14 * (1 + std::abs(b[place])));
    }
  }
}

}  // namespace

TEST_CASE("NaN and infinity in masked keys and values do not reach any other row") {
  Generator random(5);
  constexpr std::int64_t keys = 5, visible = 3;
  const std::vector<Array> inputs = {random.reals({2, 4, 3}), random.reals({2, keys, 3}), random.reals({2, keys, 2})};
  std::vector<std::uint8_t> bits;
  std::vector<double> terms;
  for (std::int64_t i = 0; i < keys; ++i) {
    bits.push_back(i < visible ? 1 : 0);
    terms.push_back(i < visible ? 0.5 : -infinity);
  }
  for (const Array& mask : {Array::from({keys}, bits), Array::from({keys}, terms)}) {
    const CheckedFunction attention = [&](const std::vector<Tensor>& in) {
      return scaled_dot_product_attention(in[0], in[1], in[2], {.attn_mask = mask});
    };
    const auto clean = everything(attention, inputs);
    for (const double value : {not_a_number, infinity, -infinity}) {
      INFO("keys and values of " << value);
      const std::vector<Array> with = {inputs[0], spoiled(inputs[1], visible, keys, value),
                                       spoiled(inputs[2], visible, keys, value)};
      const auto got = everything(attention, with);
      require_same_rows(got, clean, visible);
      // The masked keys and values themselves get no gradient either.
      for (const std::size_t gradient : {2U, 3U, 5U, 6U}) {
        require_equal(slice(Tensor(got[gradient]), 1, visible, keys).array(),
                      Array::zeros({2, keys - visible, inputs[gradient % 3 == 2 ? 1 : 2].size(-1)}, DType::f64));
      }
    }
  }
}

TEST_CASE("a causal mask keeps NaN in later places out of earlier ones") {
  Generator random(6);
  const std::vector<Array> inputs = {random.reals({6, 3}), random.reals({6, 3}), random.reals({6, 2})};
  const auto values = [](const std::vector<Array>& in) {
    return scaled_dot_product_attention(in[0], in[1], in[2], {.is_causal = true}).array();
  };
  const Array clean = values(inputs);
  for (const bool in_query : {false, true}) {
    std::vector<Array> with = inputs;
    with[1] = spoiled(inputs[1], 4, 6, NAN);
    with[2] = spoiled(inputs[2], 4, 6, infinity);
    if (in_query) with[0] = spoiled(inputs[0], 4, 6, NAN);
    require_same_rows({values(with)}, {clean}, 4);
    for (const double value : values_of(slice(Tensor(values(with)), 0, 4, 6).array())) REQUIRE(!std::isfinite(value));
  }
  // The queries are of the earlier places only.
  const CheckedFunction attention = [](const std::vector<Tensor>& in) {
    return scaled_dot_product_attention(in[0], in[1], in[2], {.is_causal = true});
  };
  const Array query = inputs[0].slice(0, 4);
  const std::vector<Array> with = {query, spoiled(inputs[1], 4, 6, NAN), spoiled(inputs[2], 4, 6, NAN)};
  require_same_rows(everything(attention, with), everything(attention, {query, inputs[1], inputs[2]}), 4);
}

TEST_CASE("attention whose dropped weights belong to infinite values is finite") {
  const Array value = Array::full({4, 2}, infinity);
  RandomStream stream;
  const Tensor y = scaled_dot_product_attention(Array::zeros({3, 2}), Array::zeros({4, 2}), value,
                                                {.dropout_p = 1, .stream = &stream});
  require_equal(y.array(), Array::zeros({3, 2}));
}

TEST_CASE("ignored samples contribute nothing even if their logits are not finite") {
  const Array logits = f64({3, 2}, {0.5, -0.5, 0, 0, 1, 2});
  const Array labels = Array::from<std::int64_t>({3}, {0, -100, 1});
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    const CheckedFunction cross = [&](const std::vector<Tensor>& in) {
      return unsqueeze(cross_entropy(in[0], labels, {.reduction = reduction, .label_smoothing = 0.1}), -1);
    };
    const CheckedFunction nll = [&](const std::vector<Tensor>& in) {
      return unsqueeze(nll_loss(in[0], labels, {.reduction = reduction}), -1);
    };
    for (const CheckedFunction& loss : {cross, nll}) {
      const auto checked = [&](const std::vector<Tensor>& in) { return reshape(loss(in), {-1}); };
      const auto clean = everything(checked, {logits});
      for (const double value : {not_a_number, infinity, -infinity}) {
        const auto got = everything(checked, {spoiled(logits, 1, 2, value)});
        for (std::size_t i = 0; i < clean.size(); ++i) require_equal(got[i], clean[i]);
      }
    }
  }
}

TEST_CASE("where and dropout and padding_idx pass no gradient to what they leave out") {
  const Array mask = Array::from<std::uint8_t>({3}, {1, 0, 1});
  const Tensor x = leaf(f64({3}, {1, NAN, 3}));
  require_equal(where(mask, x, 0).array(), f64({3}, {1, 0, 3}));
  require_equal(grad(where(mask, x, 0), {x}, f64({3}, {1, NAN, 1}))[0].array(), f64({3}, {1, 0, 1}));

  for (const bool is_block : {false, true}) {
    RandomStream stream;
    const Tensor image = leaf(Array::full({1, 2, 4, 4}, NAN, DType::f64));
    const Tensor y = is_block ? drop_block2d(image, 0.4, 2, stream) : dropout(image, 0.4, stream);
    const Tensor dx = grad(y, {image}, Array::full(y.shape(), infinity, DType::f64))[0];
    const auto values = values_of(y.array()), slopes = values_of(dx.array());
    std::int64_t dropped = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      REQUIRE((std::isnan(values[i]) ? slopes[i] == infinity : values[i] == 0 && slopes[i] == 0));
      dropped += values[i] == 0 ? 1 : 0;
    }
    REQUIRE((dropped > 0 && dropped < 32));
  }

  const Tensor table = leaf(Array::full({2, 2}, 1, DType::f64));
  const Tensor rows = embedding(Array::from<std::int64_t>({2}, {0, 1}), table, 1);
  require_equal(grad(rows, {table}, f64({2, 2}, {1, 2, NAN, infinity}))[0].array(), f64({2, 2}, {1, 2, 0, 0}));
}

TEST_CASE("a share of zero of softmax passes on no gradient that is not finite") {
  const Tensor x = leaf(f64({3}, {0, -infinity, 0}));
  const Tensor y = softmax(x);
  require_equal(grad(y, {x}, f64({3}, {1, NAN, 3}))[0].array(), f64({3}, {-0.5, 0, 0.5}));
}

TEST_CASE("denormal numbers count as zero in operators and are kept by conversions") {
  const Array tiny = f32({2}, {1e-40F, 1});
  REQUIRE(log(tiny).array().at({0}) == -infinity);
  REQUIRE(pow(tiny, 0.5).array().at({0}) == 0);
  REQUIRE(pow(tiny, Tensor(Array::full({1}, -1))).array().at({0}) == infinity);
  REQUIRE(sqrt(tiny).array().at({0}) == 0);
  require_equal(eq(tiny, 0), Array::from<std::uint8_t>({2}, {1, 0}));
  REQUIRE(norm(slice(Tensor(tiny), 0, 0, 1)).item() == 0);
  REQUIRE((Tensor(tiny) * 1e10).array().at({0}) == 0);
  REQUIRE(tiny.to(DType::f64).at({0}) == static_cast<double>(1e-40F));
  REQUIRE(tiny.to_vector<float>()[0] == 1e-40F);
}

}  // namespace test_masked
