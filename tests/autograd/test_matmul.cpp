#include <cstdint>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"
#include "kernels/execution.hpp"

namespace test_matmul {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

const CheckedFunction affine = [](Inputs in) { return linear(in[0], in[1], in[2]); };

}  // namespace

TEST_CASE("products of views give the same bits as products of copies") {
  Generator random(3);
  const Array whole = random.reals({9, 5});
  const Array weight = random.reals({8, 5});
  const Array part = whole.slice(2, 6);
  require_equal(linear(part, weight.slice(1, 4)).array(), linear(part.clone(), weight.slice(1, 4).clone()).array());
  require_equal(matmul(part, weight.reshape({5, 8})).array(),
                matmul(part.clone(), weight.reshape({5, 8}).clone()).array());
}

TEST_CASE("matmul gives the same bits at any number of threads") {
  const ThreadCount one(1);
  Generator random(4);
  const std::vector<Array> inputs = {random.reals({150, 40}).to(DType::f32), random.reals({300, 40}).to(DType::f32),
                                     random.reals({300}).to(DType::f32)};
  // Many small products that share one factor.
  const CheckedFunction batched = [](Inputs in) { return matmul(in[0], in[1]); };
  const std::vector<Array> batches = {random.reals({3, 90, 17, 23}).to(DType::f32),
                                      random.reals({90, 23, 9}).to(DType::f32)};
  const Evaluation wanted = evaluate(affine, inputs);
  const Evaluation wanted_batch = evaluate(batched, batches);
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    require_close(evaluate(affine, inputs), wanted, 0);
    require_close(evaluate(batched, batches), wanted_batch, 0);
  }
}

// Sums of 24 products in different orders.
TEST_CASE("linear equals a convolution whose kernel is as large as the image") {
  Generator random(5);
  const Array x = random.reals({3, 2, 3, 4});
  const Array weight = random.reals({5, 2, 3, 4});
  const Array bias = random.reals({5});
  const Tensor by_conv = conv2d(x, weight, bias);
  REQUIRE(by_conv.shape() == Shape{3, 5, 1, 1});
  require_close(flatten(by_conv, 1).array(), linear(x.reshape({3, 24}), weight.reshape({5, 24}), bias).array(), 1e-14);
}

}  // namespace test_matmul
