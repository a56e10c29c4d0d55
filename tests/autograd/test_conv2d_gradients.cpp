#include <cstdint>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/threads.hpp>

#include "autograd/conv2d_cases.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

void require_right_gradients(std::uint64_t seed) {
  Generator random(seed);
  for (int i = 0; i < 22; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    std::vector<Array> inputs = {c.x, c.weight};
    if (!random.one_in(4)) inputs.push_back(c.bias);
    require_gradients(c.function(), inputs, linear_in_each);
  }
}

}  // namespace

// Three lots, so that each takes little time.
TEST_CASE("conv2d has right gradients of both orders over made-up geometries") {
  require_right_gradients(1);
}
TEST_CASE("conv2d has right gradients of both orders over more geometries") {
  require_right_gradients(2);
}
TEST_CASE("conv2d has right gradients of both orders over still more geometries") {
  require_right_gradients(3);
}

// The gradients of Σ y² / 2, and theirs, are at most quadratic in any weight or pixel: a central difference over any
// distance is exact. Their terms are some hundred times larger than those of conv2d itself.
TEST_CASE("gradients of gradients of conv2d are differentiated rightly") {
  Generator random(10);
  for (int i = 0; i < 15; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    for (const std::size_t wanted : {std::size_t{0}, std::size_t{1}}) {
      const CheckedFunction gradient = [&](const std::vector<Tensor>& in) {
        const GradMode recording(true);
        const Tensor y = c.function()(in);
        return grad(y, {in[wanted]}, y, {.create_graph = true})[0];
      };
      require_gradients(gradient, {c.x, c.weight}, {.step = 1, .atol = 1e-8, .rtol = 1e-11});
    }
  }
}

// Sums of at most 19 terms below 1 in another order: 19 · 19 · 2⁻⁵³ = 4e-14. In f32, gradients are sums of up to 100.
TEST_CASE("conv2d is that of plain loops in both types and formats") {
  Generator random(4);
  for (int i = 0; i < 80; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    const std::vector<Array> inputs = {c.x, c.weight, c.bias};
    const Array y = c.function()({inputs.begin(), inputs.end()}).array();
    REQUIRE(y.format() == MemoryFormat::channels_last);
    require_close(y, convolved_plainly(c), 4e-14);
    require_same_in_f32(c.function(), inputs, 2e-5);
    require_same_in_channels_last(c.function(), inputs, 0);
  }
}

// Channel counts around the widths of vectors, where a kernel's remainders are.
TEST_CASE("conv2d is that of plain loops for larger numbers of channels") {
  Generator random(5);
  for (const std::int64_t channels : {7, 8, 9, 16, 17, 33}) {
    Conv2dCase c = {.x = random.whole_numbers({2, channels, 5, 6}),
                    .weight = random.whole_numbers({channels + 1, channels, 3, 3}),
                    .bias = random.whole_numbers({channels + 1}),
                    .options = {.padding = 1}};
    INFO(c.description());
    // Whole numbers below 33 · 9 · 64 are exact in f32, but for algorithms that go by way of fractions.
    require_close(conv2d(c.x, c.weight, c.bias, c.options).array(), convolved_plainly(c).to(DType::f32), 2e-5);
  }
}

TEST_CASE("any view as input or weight or incoming gradient gives the bits of its copy") {
  Generator random(6);
  for (int i = 0; i < 20; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    const auto view = [&](const Array& part) {
      const Shape& shape = part.shape();
      Array whole = random.reals(shape.with(0, shape[0] + 3)).to(DType::f32);
      if (random.one_in(2)) whole = in_channels_last(whole);
      return whole.slice(1, 1 + shape[0]);
    };
    const Array x = view(c.x), weight = view(c.weight), bias = view(c.bias);
    const Tensor y = conv2d(x, weight, bias, c.options);
    const Array dy = view(y.array());
    const auto gradients = [&](const Array& in, const Array& kernel, const Array& seed) {
      const std::vector<Tensor> leaves = {leaf(in), leaf(kernel)};
      return grad(conv2d(leaves[0], leaves[1], {}, c.options), leaves, seed);
    };
    require_equal(conv2d(x.clone(), weight.clone(), bias.clone(), c.options).array(), y.array());
    const auto row_major = [](const Array& array) { return array.contiguous().clone(); };
    const auto got = gradients(x, weight, dy);
    const auto wanted = gradients(row_major(x), row_major(weight), row_major(dy));
    require_equal(got[0].array(), wanted[0].array());
    require_equal(got[1].array(), wanted[1].array());
  }
}

TEST_CASE("a grouped convolution is the separate convolutions of its groups side by side") {
  Generator random(7);
  for (int i = 0; i < 20; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    Conv2dOptions alone = c.options;
    alone.groups = 1;
    const std::int64_t out = c.weight.size(0) / c.options.groups, in = c.weight.size(1);
    std::vector<Tensor> parts;
    for (std::int64_t group = 0; group < c.options.groups; ++group) {
      parts.push_back(conv2d(slice(c.x, 1, group * in, (group + 1) * in),
                             slice(c.weight, 0, group * out, (group + 1) * out),
                             slice(c.bias, 0, group * out, (group + 1) * out), alone));
    }
    require_close(conv2d(c.x, c.weight, c.bias, c.options).array(), cat(parts, 1).array(), 4e-14);
  }
}

TEST_CASE("a sample alone gives the bits that it gives in a batch") {
  Generator random(8);
  for (int i = 0; i < 20; ++i) {
    const Conv2dCase c = conv2d_case(random);
    INFO(c.description());
    const Array batch = random.reals(c.x.shape().with(0, 5)).to(DType::f32);
    const Array weight = c.weight.to(DType::f32);
    const auto run = [&](const Array& x, const Array& dy) {
      const Tensor in = leaf(x);
      const Tensor y = conv2d(in, weight, {}, c.options);
      const Array seed = dy.defined() ? dy : random.reals(y.shape()).to(DType::f32);
      return std::vector<Array>{y.array(), seed, grad(y, {in}, seed)[0].array()};
    };
    const auto together = run(batch, {});
    for (const std::int64_t n : {0, 3, 4}) {
      const auto alone = run(batch.slice(n, n + 1), together[1].slice(n, n + 1));
      require_equal(alone[0], together[0].slice(n, n + 1));
      require_equal(alone[2], together[2].slice(n, n + 1));
    }
  }
}

TEST_CASE("conv2d gives the same bits at any number of threads") {
  const int before = num_threads();
  Generator random(9);
  const std::vector<Array> inputs = {random.reals({4, 10, 17, 19}).to(DType::f32),
                                     random.reals({12, 10, 3, 3}).to(DType::f32), random.reals({12}).to(DType::f32)};
  const CheckedFunction function = [](const std::vector<Tensor>& in) {
    return conv2d(in[0], in[1], in[2], {.padding = 1});
  };
  set_num_threads(1);
  const Evaluation wanted = evaluate(function, inputs);
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    require_close(evaluate(function, inputs), wanted, 0);
  }
  set_num_threads(before);
}
