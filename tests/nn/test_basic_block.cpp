#include <cmath>
#include <string>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/autograd/ops/normalization.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/basic_block.hpp>

#include "core/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;
using nn::BasicBlock;

namespace {

template <class Options>
concept TakesNoInChannels = requires {
  Options{.out_channels = 2};
};
template <class Options>
concept TakesNoOutChannels = requires {
  Options{.in_channels = 2};
};
template <class Options>
concept TakesBoth = requires {
  Options{.in_channels = 2, .out_channels = 2};
};
static_assert(!TakesNoInChannels<BasicBlock::Options> && !TakesNoOutChannels<BasicBlock::Options>);
static_assert(TakesBoth<BasicBlock::Options>);

std::vector<std::string> parameter_names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_parameters()) names.push_back(entry.name);
  return names;
}

/// A block of f64 with batch norms that are not at their plain beginnings.
BasicBlock block_in_f64(const BasicBlock::Options& options) {
  manual_seed(1);
  BasicBlock block(options);
  block.to(DType::f64);
  Generator made_up(2);
  for (const auto& [name, parameter] : block.named_parameters()) {
    if (parameter.rank() == 1) Array(parameter.array()).copy_from(made_up.reals(parameter.shape(), 0.5, 1.5));
  }
  return block;
}

/// Compares the gradients of a module's parameters with central differences of ⟨direction, module(x)⟩. There are below
/// 1000 outputs of the order of 1, so that the sum is off by less than 1e-13 and the difference over 2e-6 by less than
/// 1e-7; the step itself brings an error of its square.
void check_parameter_gradients(nn::Module& module, const Array& x) {
  const Tensor y = module(x);
  const Array direction = Generator(3).reals(y.shape());
  sum(y * direction).backward();
  const auto projected = [&] {
    const NoGradGuard no_grad;
    return sum(module(x) * direction).item();
  };
  constexpr double step = 1e-6;
  for (const auto& [name, parameter] : module.named_parameters()) {
    REQUIRE(parameter.grad().defined());
    const auto analytic = parameter.grad().array().to_vector<double>();
    Array values = parameter.array();
    REQUIRE(values.format() == MemoryFormat::row_major);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double value = values.data<double>()[i];
      values.mutable_data<double>()[i] = value + step;
      const double above = projected();
      values.mutable_data<double>()[i] = value - step;
      const double below = projected();
      values.mutable_data<double>()[i] = value;
      const double numeric = (above - below) / (2 * step);
      INFO(name << " element " << i << ": " << analytic[static_cast<std::size_t>(i)] << " against " << numeric);
      REQUIRE(std::abs(analytic[static_cast<std::size_t>(i)] - numeric) <= 1e-7 + 1e-6 * std::abs(numeric));
    }
  }
}

}  // namespace

TEST_CASE("a basic block keeps the shape or changes channels and size") {
  const Array x = Generator(1).reals({2, 4, 6, 5}).to(DType::f32);
  BasicBlock same({.in_channels = 4, .out_channels = 4});
  REQUIRE(same(x).shape() == Shape{2, 4, 6, 5});
  BasicBlock wider({.in_channels = 4, .out_channels = 7});
  REQUIRE(wider(x).shape() == Shape{2, 7, 6, 5});
  BasicBlock smaller({.in_channels = 4, .out_channels = 4, .stride = 2});
  REQUIRE(smaller(x).shape() == Shape{2, 4, 3, 3});
}

TEST_CASE("the parts of a basic block have the names of torchvision") {
  const std::vector<std::string> plain = {"conv1.weight", "bn1.weight", "bn1.bias",
                                          "conv2.weight", "bn2.weight", "bn2.bias"};
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 4})) == plain);
  auto projected = plain;
  for (const char* name : {"downsample.0.weight", "downsample.1.weight", "downsample.1.bias"}) {
    projected.emplace_back(name);
  }
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 4, .stride = 2})) == projected);
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 6})) == projected);
}

TEST_CASE("a basic block computes what its definition says") {
  for (const std::int64_t stride : {1, 2}) {
    BasicBlock block = block_in_f64({.in_channels = 3, .out_channels = 3, .stride = stride});
    const auto p = block.parameters();
    const auto norm = [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
      return batch_norm(x, {}, {}, weight, bias, {.training = true});
    };
    const Tensor x = Generator(4).reals({2, 3, 5, 4});
    Tensor y = relu(norm(conv2d(x, p[0], {}, {.stride = stride, .padding = 1}), p[1], p[2]));
    y = norm(conv2d(y, p[3], {}, {.padding = 1}), p[4], p[5]);
    y = relu(y + (stride == 1 ? x : norm(conv2d(x, p[6], {}, {.stride = stride}), p[7], p[8])));
    require_equal(block(x).array(), y.array());
  }
}

TEST_CASE("the gradients of a basic block are right in its input and every parameter") {
  for (const std::int64_t stride : {1, 2}) {
    BasicBlock block = block_in_f64({.in_channels = 2, .out_channels = stride == 1 ? 2 : 3, .stride = stride});
    const Array x = Generator(5).reals({2, 2, 4, 5});
    for (const bool training : {true, false}) {
      INFO("stride " << stride << ", training " << training);
      block.train(training);
      const auto result = gradcheck([&](const std::vector<Tensor>& at) { return block(at[0]); }, {x});
      INFO(result.message);
      REQUIRE(result.ok);
      for (Tensor& parameter : block.parameters()) parameter.set_grad({});
      check_parameter_gradients(block, x);
    }
  }
}

TEST_CASE("a basic block with options out of range is refused when it is made") {
  REQUIRE_THROWS_AS(BasicBlock({.in_channels = 0, .out_channels = 4}), ValueError);
  REQUIRE_THROWS_AS(BasicBlock({.in_channels = 4, .out_channels = 4, .stride = 0}), ValueError);
}
