// What the tape holds returns to its baseline after every step and after an exception.
#include <stdexcept>
#include <string_view>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/allocator.hpp>

#include "autograd/generate.hpp"

namespace test_tape_memory {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Everything that could grow.
struct Held {
  std::int64_t nodes = tape_statistics().live_nodes;
  std::int64_t saved = tape_statistics().saved_bytes;
  std::int64_t live = Allocator::instance().statistics().live_bytes;

  bool operator==(const Held&) const = default;
};

/// A convolution and a linear layer whose gradients are cleared after a step.
class SmallModel {
 public:
  Tensor loss() const {
    const Tensor features = relu(conv2d(x_, parameters_[0], parameters_[1], {.padding = 1}));
    return cross_entropy(linear(flatten(features, 1), parameters_[2], parameters_[3]), labels_);
  }
  void update() {
    for (Tensor& parameter : parameters_) {
      Array value = parameter.array();
      const auto gradient = parameter.grad().array().contiguous();
      float* numbers = value.mutable_data<float>();
      for (std::int64_t i = 0; i < value.numel(); ++i) numbers[i] -= 0.05F * gradient.data<float>()[i];
    }
    forget();
  }
  void forget() {
    for (Tensor& parameter : parameters_) parameter.set_grad({});
  }
  const Tensor& weight() const { return parameters_[0]; }

 private:
  Generator random_{1};
  Array x_ = random_.reals({4, 2, 5, 6}).to(DType::f32);
  Array labels_ = Array::from(Shape{4}, std::vector<std::int64_t>{0, 1, 2, 1});
  std::vector<Tensor> parameters_ = {leaf(random_.reals({3, 2, 3, 3}).to(DType::f32)), leaf(Array::zeros({3})),
                                     leaf(random_.reals({3, 90}).to(DType::f32)), leaf(Array::zeros({3}))};
};

/// The identity, whose backward throws.
struct Thrower {
  static constexpr std::string_view name = "thrower";
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return x.array();
  }
  Tensor backward(const Tensor&) const { throw std::runtime_error("in the middle of backward"); }
};

/// An operator whose forward throws.
struct Throwing {
  static constexpr std::string_view name = "throwing";
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    throw std::runtime_error("in the middle of forward");
  }
  Tensor backward(const Tensor& gradient) const { return gradient; }
};

}  // namespace

TEST_CASE("live nodes and saved bytes return to their baseline after every step") {
  SmallModel model;
  const Held before;
  for (int step = 0; step < 5; ++step) {
    const Tensor loss = model.loss();
    REQUIRE(tape_statistics().live_nodes > before.nodes);
    REQUIRE(tape_statistics().saved_bytes > before.saved);
    loss.backward();
    // Backward frees the saved values as it goes, although the loss still exists.
    REQUIRE(tape_statistics().saved_bytes == before.saved);
    model.forget();
  }
  REQUIRE(Held() == before);
}

TEST_CASE("an operator saves only what the required gradients need") {
  const auto saved_by = [](const CheckedFunction& function, const std::vector<Tensor>& inputs) {
    const auto before = tape_statistics().saved_bytes;
    const Tensor result = function(inputs);
    return tape_statistics().saved_bytes - before;
  };
  const auto half_saved = [&](const CheckedFunction& function, const Array& a, const Array& b) {
    REQUIRE(saved_by(function, {leaf(a), b}) == b.bytes());
    REQUIRE(saved_by(function, {a, leaf(b)}) == a.bytes());
    REQUIRE(saved_by(function, {leaf(a), leaf(b)}) == a.bytes() + b.bytes());
    REQUIRE(saved_by(function, {a, b}) == 0);
  };
  using Inputs = const std::vector<Tensor>&;
  const Array x = Array::full({2, 3}, 1), row = Array::full({3}, 1), square = Array::full({3, 3}, 1);
  half_saved([](Inputs in) { return in[0] * in[1]; }, x, row);
  half_saved([](Inputs in) { return matmul(in[0], in[1]); }, x, square);
  half_saved([](Inputs in) { return linear(in[0], in[1]); }, x, square);
  half_saved([](Inputs in) { return conv2d(in[0], in[1]); }, Array::zeros({2, 3, 5, 5}), Array::zeros({4, 3, 2, 2}));
  REQUIRE(saved_by([](Inputs in) { return in[0] + in[1]; }, {leaf(x), leaf(row)}) == 0);
}

TEST_CASE("a tape that is dropped without backward is freed") {
  const SmallModel model;
  const Held before;
  { const Tensor loss = model.loss(); }
  REQUIRE(Held() == before);
  {
    const NoGradGuard guard;
    const Tensor loss = model.loss();
    REQUIRE(tape_statistics().live_nodes == before.nodes);
    REQUIRE(tape_statistics().saved_bytes == before.saved);
  }
  REQUIRE(Held() == before);
}

TEST_CASE("a hook that throws during backward leaves no state behind") {
  SmallModel model;
  const Held before;
  for (int attempt = 0; attempt < 3; ++attempt) {
    {
      const Tensor hidden = model.weight() * model.weight();
      hidden.register_hook([](const Tensor&) -> Tensor { throw std::runtime_error("in the middle of backward"); });
      const Tensor loss = model.loss() + sum(hidden);
      REQUIRE_THROWS_WITH(loss.backward(), "in the middle of backward");
      REQUIRE(grad_enabled());
      REQUIRE(current_node() == nullptr);
    }
    model.forget();
    REQUIRE(Held() == before);
  }
  model.loss().backward();
  REQUIRE(model.weight().grad().defined());
}

TEST_CASE("an operator that throws in backward leaves no state behind") {
  SmallModel model;
  const Held before;
  for (const bool create_graph : {false, true}) {
    {
      const auto loss = [&] { return model.loss() + sum(record(Thrower{}, model.weight() * 2) * 3); };
      REQUIRE_THROWS_WITH(loss().backward({}, {.create_graph = create_graph}), "in the middle of backward");
      REQUIRE_THROWS_WITH(grad(loss(), {model.weight()}), "in the middle of backward");
      REQUIRE(grad_enabled());
      REQUIRE(current_node() == nullptr);
    }
    model.forget();
    REQUIRE(Held() == before);
  }
}

TEST_CASE("an operator that throws in forward leaves no state behind") {
  const Tensor x = leaf(Array::full({10}, 1));
  const Held before;
  REQUIRE_THROWS_WITH(record(Throwing{}, x * 2), "in the middle of forward");
  REQUIRE(Held() == before);
}

TEST_CASE("gradients with a history are freed with their handles") {
  const Tensor x = leaf(Array::full({10}, 2));
  const Held before;
  {
    const Tensor first = grad(sum(x * x * x), {x}, {}, {.create_graph = true})[0];
    const Tensor second = grad(sum(first), {x}, {}, {.create_graph = true})[0];
    REQUIRE(second.requires_grad());
  }
  REQUIRE(Held() == before);

  // The leaf holds its gradient, whose history holds the leaf: clearing the gradient breaks the cycle.
  Tensor y = leaf(Array::full({10}, 2));
  const Held with_y;
  sum(y * y).backward({}, {.create_graph = true});
  y.set_grad({});
  REQUIRE(Held() == with_y);
}

TEST_CASE("two thousand steps of a small model need no more memory than the first few") {
  SmallModel model;
  const auto step = [&] {
    const Tensor loss = model.loss();
    loss.backward();
    model.update();
    return loss.item();
  };
  const double first = step();
  for (int i = 0; i < 10; ++i) step();
  const Held before;
  const auto warm = Allocator::instance().statistics();
  double last = 0;
  for (int i = 0; i < 2000; ++i) last = step();
  const auto after = Allocator::instance().statistics();
  REQUIRE(Held() == before);
  REQUIRE(after.system_allocations == warm.system_allocations);
  REQUIRE(after.peak_live_bytes == warm.peak_live_bytes);
  REQUIRE(after.allocations > warm.allocations);
  // The model was really trained.
  REQUIRE(last < first / 100);
}

}  // namespace test_tape_memory
