// Outputs that are computed again rather than kept.
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

std::int64_t saved_bytes() {
  return tape_statistics().saved_bytes;
}

/// 2x, which counts how often it is computed again.
struct Double {
  static constexpr std::string_view name = "double";

  struct Twice final : Recipe {
    SavedTensor x;
    int* again;
    Array compute() const override {
      ++*again;
      return (Tensor(x.array()) * 2).array();
    }
  };
  std::shared_ptr<Twice> saved_ = std::make_shared<Twice>();

  explicit Double(int& again) { saved_->again = &again; }
  Array forward(const Tensor& x) {
    saved_->x = SavedTensor(x);
    return (x.detach() * 2).array();
  }
  Tensor backward(const Tensor& gradient) const { return gradient * 2; }
  std::shared_ptr<Recipe> recipe() const { return saved_->x.is_kept() ? saved_ : nullptr; }
};

Tensor normalised(const Tensor& x) {
  return batch_norm(x, {}, {}, {}, {}, {.training = true});
}

// Of fewer channels small results are kept.
constexpr std::int64_t channels = 128;

Tensor images(const Shape& shape = {2, channels, 4, 5}) {
  return leaf(Generator(1).reals(shape).to(DType::f32));
}

std::string overwritten(const std::string& who, std::uint64_t now, std::uint64_t then) {
  return who + " that was saved for backward has been overwritten: it is at version " + std::to_string(now) +
         ", expected " + std::to_string(then) + "\nhint: change it after backward, or change a clone()";
}

}  // namespace

TEST_CASE("an operator after one with a recipe keeps nothing") {
  const Tensor x = images();
  const Tensor y = normalised(x);
  const auto before = saved_bytes();
  const Tensor z = exp(log(y));  // log saves its input, exp its output
  REQUIRE(saved_bytes() == before + z.array().bytes());
  REQUIRE_FALSE(SavedTensor(y).is_kept());
  REQUIRE(SavedTensor(y.detach()).is_kept());
}

TEST_CASE("the gradient through a value computed again has the same bits") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = leaf(Generator(1).reals({4, channels, 3, 2}).to(dtype));
    const Tensor weight = leaf(Generator(2).reals({3, channels, 3, 3}).to(dtype));
    const Array bias = Generator(3).reals({channels}).to(dtype);
    const Array seed = Generator(4).reals({4, 3, 3, 2}).to(dtype);
    const std::vector<std::function<Tensor()>> norms = {
        [&] { return batch_norm(x, {}, {}, {}, bias, {.training = true}); },
        [&] { return batch_norm_relu(x, {}, {}, {}, bias, {.training = true}); },
        [&] { return batch_norm_relu(x, {}, {}, {}, bias, {.training = true, .max_value = 0.5}); }};
    for (const auto& norm : norms) {
      Tensor y = norm();
      Tensor z = conv2d(y, weight, {}, {.padding = 1});
      const auto kept = grad(z, {x, weight}, seed);
      y = norm();
      const WeakArray memory(y.array());
      z = conv2d(y, weight, {}, {.padding = 1});
      y = {};
      REQUIRE_FALSE(memory.lock().defined());
      const auto again = grad(z, {x, weight}, seed);
      for (std::size_t i = 0; i < 2; ++i) require_equal(again[i].array(), kept[i].array());
    }
  }
}

TEST_CASE("a value is computed again once however many ask for it") {
  const Tensor x = images();
  int again = 0;
  Tensor y = record(Double(again), x);
  const Tensor sums = sum(log(y) + y * y);
  sums.backward({}, {.retain_graph = true});
  REQUIRE(again == 0);  // y itself was there
  y = {};
  sums.backward({}, {.retain_graph = true});
  REQUIRE(again == 0);  // the operators have kept it since

  const Tensor others = sum(log(record(Double(again), x)));
  others.backward({}, {.retain_graph = true});
  others.backward();
  REQUIRE(again == 1);

  y = record(Double(again), x);
  const Tensor both = sum(log(y) + sqrt(y) * 0 + y * y);
  y = {};
  both.backward({}, {.retain_graph = true});
  REQUIRE(again == 2);
}

TEST_CASE("a value can be computed again after its operator has been released") {
  const Tensor x = images(), weight = leaf(Generator(2).reals({2, channels, 1, 1}).to(DType::f32));
  Tensor y = normalised(x);
  const Array value = y.array().clone();
  const Tensor z = sum(conv2d(y, weight));
  sum(y).backward();
  y = {};
  const Tensor dweight = grad(z, {weight})[0];
  require_equal(dweight.array(), grad(sum(conv2d(value, weight)), {weight})[0].array());
}

TEST_CASE("what a value is computed from goes when backward has passed although the value is still there") {
  const auto before = saved_bytes();
  const Tensor y = normalised(images());
  const Tensor z = sum(y * y);
  REQUIRE(saved_bytes() > before);
  z.backward();
  REQUIRE(saved_bytes() == before);
  REQUIRE(y.recipe() == nullptr);
  REQUIRE(SavedTensor(y).is_kept());
}

TEST_CASE("a value that was overwritten before it was saved is kept as it is") {
  const Tensor x = images();
  Tensor y = normalised(x);
  Array(y.array()).fill(3);
  const Tensor w = leaf(Array::full(x.shape(), 1));
  const Tensor z = sum(y * w);
  y = {};
  require_equal(grad(z, {w})[0].array(), Array::full(x.shape(), 3));
}

TEST_CASE("a value that was overwritten after it was saved is named as ever") {
  const Tensor x = images();
  const Tensor y = normalised(x), w = leaf(Array::full(x.shape(), 1));
  const Tensor z = sum(y * w);
  const auto version = y.array().version();
  Array(y.array()).fill(3);
  REQUIRE_THROWS_WITH(z.backward(), overwritten("multiply: an input f32[2, 128, 4, 5]", version + 1, version));
}

TEST_CASE("an overwritten origin of a value to be computed again is named with the operator that saved it") {
  Array memory = Generator(1).reals({2, channels, 4, 5}).to(DType::f32);
  const Tensor z = sum(exp(log(normalised(leaf(memory)))));
  const auto version = memory.version();
  memory.fill(3);
  REQUIRE_THROWS_WITH(z.backward(), overwritten("batch_norm: an input f32[2, 128, 4, 5]", version + 1, version));
}

TEST_CASE("there is a recipe only where the origin is kept anyway") {
  const Tensor x = images();
  const Array mean = Array::zeros({channels}), variance = Array::full({channels}, 1);
  REQUIRE(normalised(x).recipe() != nullptr);
  REQUIRE(normalised(x.detach()).recipe() == nullptr);
  // The gradient of constants needs no x.
  REQUIRE(batch_norm(x, mean, variance, {}, {}, {.training = false}).recipe() == nullptr);
  // The first result is not kept, so that the second has to be.
  const Tensor first = normalised(x);
  REQUIRE(normalised(first).recipe() == nullptr);
  const NoGradGuard guard;
  REQUIRE(normalised(x).recipe() == nullptr);
}

TEST_CASE("a small result of few channels is kept") {
  REQUIRE(normalised(images({2, channels - 1, 4, 5})).recipe() == nullptr);
  constexpr std::int64_t height = std::int64_t{1} << 15;  // of 8 MiB
  REQUIRE(normalised(images({1, 64, height, 1})).recipe() == nullptr);
  REQUIRE(normalised(images({1, 64, height + 1, 1})).recipe() != nullptr);
}

TEST_CASE("hooks and gradients of gradients go through values computed again") {
  const CheckedFunction function = [](const std::vector<Tensor>& in) {
    const BatchNormReluOptions options = {.training = true, .eps = 0.3, .max_value = 1};
    return exp(conv2d(batch_norm_relu(in[0], {}, {}, in[2], in[3], options), in[1]) * 0.1);
  };
  Generator random(5);
  const std::vector<Array> inputs = {random.reals({2, channels, 1, 2}), random.reals({2, channels, 1, 2}),
                                     random.reals({channels}, 0.5, 1), Array::full({channels}, 0.4, DType::f64)};
  require_gradients(function, inputs);

  const Tensor x = images();
  Tensor y = normalised(x);
  const Array value = y.array().clone();
  int calls = 0;
  y.register_hook([&](const Tensor& gradient) {
    ++calls;
    require_equal(gradient.array(), (Tensor(value) * 2).array());
    return Tensor();
  });
  const Tensor z = sum(y * y);
  y = {};
  z.backward();
  REQUIRE(calls == 1);
}
