#include <string>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/blocks/inception.hpp>

#include "core/generate.hpp"

namespace test_inception {

using namespace tapestry;
using namespace tapestry::testing;
using nn::Inception;

namespace {

Inception small_block() {
  manual_seed(1);
  Inception block({.in_channels = 3, .ch1x1 = 2, .ch3x3red = 4, .ch3x3 = 5, .ch5x5red = 1, .ch5x5 = 3, .pool_proj = 6});
  block.to(DType::f64);
  return block;
}

/// The block made of operators, with the weights of `block` in the order of their names.
Tensor defined(const Inception& block, const Tensor& x) {
  const auto p = block.parameters();
  const auto conv = [&](const Tensor& input, std::size_t first) {
    const Tensor& weight = p[first];
    const Tensor y = conv2d(input, weight, {}, {.padding = weight.size(2) / 2});
    return relu(batch_norm(y, {}, {}, p[first + 1], p[first + 2], {.training = true, .eps = 0.001}));
  };
  const Tensor pooled = max_pool2d(x, {.kernel_size = 3, .stride = 1, .padding = 1});
  return cat({conv(x, 0), conv(conv(x, 3), 6), conv(conv(x, 9), 12), conv(pooled, 15)}, 1);
}

}  // namespace

TEST_CASE("an inception block and its gradients follow its definition") {
  Inception block = small_block();
  const Array x = Generator(2).reals({2, 3, 5, 4});
  const Tensor y = block(x);
  REQUIRE(y.shape() == Shape{2, 2 + 5 + 3 + 6, 5, 4});
  const Tensor expected = defined(block, x);
  require_equal(y.array(), expected.array());

  const Array direction = Generator(3).reals(y.shape());
  const auto gradients = [&](const Tensor& result) {
    std::vector<Array> found;
    sum(result * direction).backward();
    for (Tensor& parameter : block.parameters()) {
      found.push_back(parameter.grad().array());
      parameter.set_grad({});
    }
    return found;
  };
  const auto got = gradients(y);
  const auto wanted = gradients(expected);
  // Sums of below 1000 terms of the order of 1, in another order where norm and ReLU are one operator.
  for (std::size_t i = 0; i < got.size(); ++i) require_close(got[i], wanted[i], 1e-12);
}

TEST_CASE("the gradients of an inception block are correct for its input") {
  Inception block = small_block();
  const auto result =
      gradcheck([&](const std::vector<Tensor>& at) { return block(at[0]); }, {Generator(4).reals({2, 3, 4, 5})});
  INFO(result.message);
  REQUIRE(result.ok);
}

TEST_CASE("the parts of an inception block have the names and kernels of torchvision") {
  const Inception block = small_block();
  std::vector<std::string> names;
  std::vector<Shape> shapes;
  for (const auto& [name, parameter] : block.named_parameters()) {
    if (parameter.rank() != 4) continue;
    names.push_back(name);
    shapes.push_back(parameter.shape());
  }
  REQUIRE(names == std::vector<std::string>{"branch1.conv.weight", "branch2.0.conv.weight", "branch2.1.conv.weight",
                                            "branch3.0.conv.weight", "branch3.1.conv.weight", "branch4.1.conv.weight"});
  REQUIRE(shapes ==
          std::vector<Shape>{{2, 3, 1, 1}, {4, 3, 1, 1}, {5, 4, 3, 3}, {1, 3, 1, 1}, {3, 1, 3, 3}, {6, 3, 1, 1}});
}

TEST_CASE("an inception block rejects channels below 1") {
  REQUIRE_THROWS_WITH(
      Inception({.in_channels = 3, .ch1x1 = 2, .ch3x3red = 4, .ch3x3 = 5, .ch5x5red = 0, .ch5x5 = 3, .pool_proj = 6}),
      ContainsSubstring("Conv2d: ") && ContainsSubstring("got"));
}

}  // namespace test_inception
