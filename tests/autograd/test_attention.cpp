// Edge cases of attention and embedding.
#include <cmath>
#include <limits>

#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>

#include "autograd/generate.hpp"
#include "kernels/execution.hpp"

namespace test_attention {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array u8(const Shape& shape, const std::vector<std::uint8_t>& values) {
  return Array::from(shape, values);
}

}  // namespace

TEST_CASE("a query that may attend to no key gives zeros and zero gradients") {
  const float never = -std::numeric_limits<float>::infinity();
  for (const Array& mask : {u8({2, 3}, {1, 1, 0, 0, 0, 0}), f32({2, 3}, {0, 0, never, never, never, never})}) {
    const Tensor q = leaf(f32({2, 1}, {1, 2})), k = leaf(f32({3, 1}, {1, 1, 5})), v = leaf(f32({3, 1}, {2, 4, 8}));
    const Tensor y = scaled_dot_product_attention(q, k, v, {.attn_mask = mask});
    require_equal(y.array(), f32({2, 1}, {3, 0}));
    y.backward(f32({2, 1}, {1, 7}), {});
    require_equal(v.grad().array(), f32({3, 1}, {0.5, 0.5, 0}));
    require_equal(k.grad().array(), f32({3, 1}, {-0.5, 0.5, 0}));
    require_equal(q.grad().array(), f32({2, 1}, {0, 0}));
  }
}

TEST_CASE("a NaN reaches only the queries that attend to it") {
  const Array k = f32({2, 1}, {1, NAN});
  const Array y =
      scaled_dot_product_attention(f32({2, 1}, {1, 1}), k, f32({2, 1}, {3, 5}), {.is_causal = true}).array();
  REQUIRE(y.at({0, 0}) == 3);
  REQUIRE(std::isnan(y.at({1, 0})));
}

TEST_CASE("scores of ten thousand give finite attention") {
  const Array y =
      scaled_dot_product_attention(f32({1, 1}, {1e2F}), f32({2, 1}, {1e2F, -1e2F}), f32({2, 1}, {3, 5})).array();
  REQUIRE(y.item() == 3);
}

TEST_CASE("attention gives the same bits at any number of threads") {
  Generator random(2);
  const std::vector<Array> inputs = {random.reals({3, 4, 50, 8}).to(DType::f32),
                                     random.reals({3, 4, 70, 8}).to(DType::f32),
                                     random.reals({3, 4, 70, 6}).to(DType::f32)};
  const auto attended = [](const std::vector<Tensor>& in) {
    RandomStream stream{.seed = 1};
    return scaled_dot_product_attention(in[0], in[1], in[2], {.dropout_p = 0.2, .is_causal = true, .stream = &stream});
  };
  const ThreadCount one(1);
  const Evaluation wanted = evaluate(attended, inputs);
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    require_close(evaluate(attended, inputs), wanted, 0);
  }
}

TEST_CASE("the padding row is read but gets no gradient") {
  const Array indices = Array::from({2, 2}, std::vector<std::int64_t>{1, 0, 2, 1});
  const Tensor weight = leaf(f32({3, 1}, {5, 6, 7}));
  const Tensor y = embedding(indices, weight, 1);
  require_equal(y.array(), f32({2, 2, 1}, {6, 5, 7, 6}));
  const Tensor seed = leaf(f32({2, 2, 1}, {1, 2, 3, 4}));
  const Tensor gradient = grad(y, {weight}, seed, {.create_graph = true})[0];
  require_equal(gradient.array(), f32({3, 1}, {2, 0, 3}));
  // Its incoming gradient does not reach the inputs either.
  require_equal(grad(gradient, {seed}, f32({3, 1}, {10, 20, 30}))[0].array(), f32({2, 2, 1}, {0, 10, 30, 0}));
}

}  // namespace test_attention
