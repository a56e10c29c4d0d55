// Properties of every convolution, for all options.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>

#include "autograd/conv_cases.hpp"
#include "kernels/execution.hpp"

namespace test_conv_properties {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

double dot(const Array& a, const Array& b) {
  double sum = 0;
  const auto left = values_of(a), right = values_of(b);
  for (std::size_t i = 0; i < left.size(); ++i) sum += left[i] * right[i];
  return sum;
}

/// x shifted circularly by some rows and columns.
Array rolled(const Array& x, std::int64_t rows, std::int64_t columns) {
  Array result = Array::empty(x.shape(), x.dtype());
  float* out = result.mutable_data<float>();
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    for (std::int64_t c = 0; c < x.size(1); ++c) {
      for (std::int64_t i = 0; i < x.size(2); ++i) {
        for (std::int64_t j = 0; j < x.size(3); ++j) {
          *out++ = static_cast<float>(
              x.at({n, c, (i - rows + x.size(2)) % x.size(2), (j - columns + x.size(3)) % x.size(3)}));
        }
      }
    }
  }
  return result;
}

/// The gradient of ⟨dy, conv2d(x, weight)⟩ with respect to the weight, as plain loops.
Array reference_weight_gradient(const Conv2dCase& c, const Array& dy) {
  const auto& [stride, padding, dilation, groups, mode] = c.options;
  const std::int64_t out_per_group = c.weight.size(0) / groups;
  std::vector<double> result;
  for (std::int64_t k = 0; k < c.weight.size(0); ++k) {
    for (std::int64_t in = 0; in < c.weight.size(1); ++in) {
      for (std::int64_t r = 0; r < c.weight.size(2); ++r) {
        for (std::int64_t s = 0; s < c.weight.size(3); ++s) {
          double sum = 0;
          for (std::int64_t n = 0; n < dy.size(0); ++n) {
            for (std::int64_t i = 0; i < dy.size(2); ++i) {
              for (std::int64_t j = 0; j < dy.size(3); ++j) {
                const std::int64_t row = i * stride.height + r * dilation.height - padding.amount.height;
                const std::int64_t column = j * stride.width + s * dilation.width - padding.amount.width;
                if (row < 0 || row >= c.x.size(2) || column < 0 || column >= c.x.size(3)) continue;
                sum += dy.at({n, k, i, j}) * c.x.at({n, k / out_per_group * c.weight.size(1) + in, row, column});
              }
            }
          }
          result.push_back(sum);
        }
      }
    }
  }
  return Array::from(c.weight.shape(), result);
}

/// A transposed convolution of whole numbers whose channels fill vectors and leave remainders, and the
/// convolution that it is the adjoint of.
struct WholeNumbers {
  ConvTranspose2dCase transposed;
  Conv2dCase plain;
};

WholeNumbers whole_numbers_case(Generator& random) {
  const std::int64_t groups = random.one_in(2) ? 1 : random.between(2, 19);
  const std::int64_t in = groups * (groups > 1 && random.one_in(2) ? 1 : random.between(1, 19));
  const std::int64_t out = random.between(1, groups > 1 ? 3 : 35);
  const Pair kernel = {random.between(1, 3), random.between(1, 4)};
  // Every pixel contributes to the output.
  const ConvTranspose2dOptions options = {.stride = {random.between(1, 3), random.between(1, 2)},
                                          .padding = {(kernel.height - 1) / 2, (kernel.width - 1) / 2},
                                          .groups = groups,
                                          .dilation = {random.between(1, 2), random.between(1, 3)}};
  WholeNumbers result;
  result.transposed = {.x = random.integers({random.between(1, 3), in, random.between(2, 6), random.between(2, 7)}),
                       .weight = random.integers({in, out, kernel.height, kernel.width}),
                       .bias = random.integers({groups * out}),
                       .options = options};
  const Pair size = result.transposed.out_size();
  result.plain = {
      .x = random.integers({result.transposed.x.size(0), groups * out, size.height, size.width}),
      .weight = result.transposed.weight,
      .bias = random.integers({in}),
      .options = {
          .stride = options.stride, .padding = options.padding, .dilation = options.dilation, .groups = groups}};
  return result;
}

}  // namespace

// The gradients of Σ y² / 2, and theirs, are at most quadratic in any weight or pixel: a central difference over any
// distance is exact. Their terms are some hundred times larger than those of conv2d itself.
TEST_CASE("gradients of gradients of conv2d have correct derivatives") {
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

TEST_CASE("conv2d gives channels-last memory") {
  const Array x = Array::zeros({2, 3, 5, 4}), weight = Array::zeros({6, 3, 2, 2});
  REQUIRE(conv2d(x, weight).array().format() == MemoryFormat::channels_last);
  REQUIRE(conv2d(in_channels_last(x), weight).array().format() == MemoryFormat::channels_last);
  REQUIRE(conv_transpose2d(x, Array::zeros({3, 2, 2, 2})).array().format() == MemoryFormat::channels_last);
}

TEST_CASE("a grouped convolution equals the concatenated convolutions of its groups") {
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
    // Sums of at most 19 terms below 1 in another order: 19 · 19 · 2⁻⁵³ = 4e-14.
    require_close(conv2d(c.x, c.weight, c.bias, c.options).array(), cat(parts, 1).array(), 4e-14);
  }
}

TEST_CASE("a single sample gives the same bits as in a batch") {
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

TEST_CASE("convolutions give the same bits at any number of threads") {
  Generator random(9);
  const Array x = random.reals({4, 12, 17, 19}).to(DType::f32);
  for (const std::int64_t groups : {1, 3, 12}) {
    const std::vector<Array> inputs = {x, random.reals({12, 12 / groups, 3, 3}).to(DType::f32),
                                       random.reals({12}).to(DType::f32)};
    const CheckedFunction functions[] = {
        [&](const std::vector<Tensor>& in) { return conv2d(in[0], in[1], in[2], {.padding = 1, .groups = groups}); },
        [&](const std::vector<Tensor>& in) {
          return conv_transpose2d(in[0], in[1], in[2], {.stride = 2, .padding = 1, .groups = groups});
        }};
    for (const CheckedFunction& function : functions) {
      const ThreadCount one(1);
      const Evaluation wanted = evaluate(function, inputs);
      for (int threads = 2; threads <= 4; ++threads) {
        set_num_threads(threads);
        require_close(evaluate(function, inputs), wanted, 0);
      }
    }
  }
}

// Positive numbers, so that no sum is smaller than its terms: relative errors are some thousand roundings.
TEST_CASE("a transposed convolution is the adjoint of the convolution for every option") {
  Generator random(11);
  for (int i = 0; i < 100; ++i) {
    const ConvTranspose2dCase c = conv_transpose2d_case(random);
    INFO(c.description());
    const auto& [stride, padding, output_padding, groups, dilation] = c.options;
    const Array x = random.reals(c.x.shape(), 0.1, 1);
    const Array weight = random.reals(c.weight.shape(), 0.1, 1);
    const Tensor y = conv_transpose2d(x, weight, {}, c.options);
    const Array u = random.reals(y.shape(), 0.1, 1);
    // An output_padding of the stride or more makes room for further windows, for which x has no pixels.
    Tensor down = conv2d(u, weight, {}, {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
    REQUIRE(down.size(2) == x.size(2) + output_padding.height / stride.height);
    REQUIRE(down.size(3) == x.size(3) + output_padding.width / stride.width);
    down = slice(slice(down, 2, 0, x.size(2)), 3, 0, x.size(3));
    const double wanted = dot(down.array(), x);
    REQUIRE(std::abs(dot(u, y.array()) - wanted) <= 1e-12 * wanted);
  }
}

TEST_CASE("all passes of convolutions of whole numbers equal plain loops to the last bit") {
  Generator random(12);
  for (int i = 0; i < 40; ++i) {
    const auto [transposed, plain] = whole_numbers_case(random);
    INFO(transposed.description());
    const auto exactly = [](const Tensor& got, const Array& wanted) {
      require_equal(got.array(), wanted.to(DType::f32));
    };
    exactly(conv_transpose2d(transposed.x, transposed.weight, transposed.bias, transposed.options),
            reference_conv_transpose(transposed));
    exactly(conv2d(plain.x, plain.weight, plain.bias, plain.options), reference_conv(plain));

    // dy of one is x of the other.
    const std::vector<Tensor> leaves = {leaf(plain.x), leaf(plain.weight), leaf(plain.bias)};
    const auto gradients = grad(conv2d(leaves[0], leaves[1], leaves[2], plain.options), leaves, transposed.x);
    ConvTranspose2dCase bare = transposed;
    bare.bias = Array();
    exactly(gradients[0], reference_conv_transpose(bare));
    exactly(gradients[1], reference_weight_gradient(plain, transposed.x));

    const std::vector<Tensor> others = {leaf(transposed.x), leaf(transposed.weight)};
    const auto adjoint = grad(conv_transpose2d(others[0], others[1], {}, transposed.options), others, plain.x);
    Conv2dCase without = plain;
    without.bias = Array();
    exactly(adjoint[0], reference_conv(without));
    exactly(adjoint[1], reference_weight_gradient(plain, transposed.x));
  }
}

TEST_CASE("a convolution with circular padding is exactly shift equivariant") {
  Generator random(13);
  const Array x = random.reals({2, 6, 7, 9}).to(DType::f32);
  for (const std::int64_t groups : {1, 2, 6}) {
    const Array weight = random.reals({12, 6 / groups, 3, 2}).to(DType::f32);
    Conv2dOptions options = {.padding = Padding::same(), .groups = groups, .padding_mode = PaddingMode::circular};
    const Array y = conv2d(x, weight, {}, options).array();
    for (const Pair step : {Pair(1, 0), Pair(0, 1), Pair(3, 5)}) {
      require_equal(conv2d(rolled(x, step.height, step.width), weight, {}, options).array(),
                    rolled(y, step.height, step.width));
    }
    options.padding_mode = PaddingMode::zeros;
    const Array with_zeros = conv2d(x, weight, {}, options).array();
    REQUIRE(values_of(conv2d(rolled(x, 1, 0), weight, {}, options).array()) != values_of(rolled(with_zeros, 1, 0)));
  }
}

TEST_CASE("a convolution of a sequence equals that of an image of one row") {
  Generator random(14);
  const Array x = random.reals({2, 4, 11}).to(DType::f32);
  const Array weight = random.reals({4, 2, 3}).to(DType::f32);
  const auto row = [](const Array& a) { return a.reshape({a.size(0), a.size(1), 1, a.size(2)}); };
  require_equal(row(conv1d(x, weight, {}, {.stride = 2, .padding = 3, .groups = 2}).array()),
                conv2d(row(x), row(weight), {}, {.stride = {1, 2}, .padding = {0, 3}, .groups = 2}).array());
  require_equal(row(conv1d(x, weight, {}, {.padding = Padding1d::same(), .dilation = 2, .groups = 2}).array()),
                conv2d(row(x), row(weight), {}, {.padding = {0, 2}, .dilation = {1, 2}, .groups = 2}).array());
  require_equal(conv1d(x, weight, {}, {.padding = Padding1d::valid(), .groups = 2}).array(),
                conv1d(x, weight, {}, {.groups = 2}).array());
}

}  // namespace test_conv_properties
