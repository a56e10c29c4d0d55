// What a profiler records of operators: names, passes, layers, bytes, floating-point operations, nesting.
#include <thread>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

#include "autograd/generate.hpp"
#include "core/profile_checks.hpp"

namespace test_profiler {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr auto forward = ProfilePass::forward;
constexpr auto backward_pass = ProfilePass::backward;

Tensor leaf(const Shape& shape, std::uint64_t seed = 1) {
  return Tensor(Generator(seed).reals(shape)).set_requires_grad();
}

/// relu(x) by the operator of that name, run within this one.
struct WrappedRelu {
  static constexpr std::string_view name = "wrapped_relu";
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return relu(x.detach()).array();
  }
  Tensor backward(const Tensor& gradient) const { return gradient * x_.tensor(); }
};

/// Throws in forward or in backward.
struct Failing {
  static constexpr std::string_view name = "failing";
  bool fails_forward_;

  Array forward(const Tensor& x) const {
    if (fails_forward_) throw ValueError("failing: forward");
    return x.array().clone();
  }
  Tensor backward(const Tensor&) const { throw ValueError("failing: backward"); }
};

struct ConvCase {
  Conv2dOptions options;
  Shape x, weight;
  std::int64_t flops;  ///< 2 · N · K · H′ · W′ · (C / groups) · kh · kw
};

}  // namespace

TEST_CASE("a convolution and both its gradients count two operations for every multiply-add of the definition") {
  const std::vector<ConvCase> cases = {
      {{}, {2, 3, 7, 6}, {5, 3, 3, 2}, std::int64_t{2} * 2 * 5 * 5 * 5 * 3 * 3 * 2},
      {{.stride = 2, .padding = 1}, {2, 3, 7, 6}, {5, 3, 3, 3}, std::int64_t{2} * 2 * 5 * 4 * 3 * 3 * 3 * 3},
      {{.padding = 1, .groups = 2}, {1, 4, 5, 3}, {6, 2, 3, 3}, std::int64_t{2} * 1 * 6 * 5 * 3 * 2 * 3 * 3},
      {{.dilation = 2, .groups = 4}, {3, 4, 6, 5}, {4, 1, 2, 2}, std::int64_t{2} * 3 * 4 * 4 * 3 * 1 * 2 * 2},
  };
  for (const auto& [options, x_shape, weight_shape, flops] : cases) {
    INFO(to_string(x_shape) << " " << to_string(weight_shape));
    const Profiler profiler(ticking_clock());
    const Tensor x = leaf(x_shape), weight = leaf(weight_shape, 2), bias = leaf({weight_shape[0]}, 3);
    sum(conv2d(x, weight, bias, options)).backward();
    CHECK(entry_of(profiler, "conv2d", forward).flops == flops);
    CHECK(entry_of(profiler, "conv2d_input_gradient", backward_pass).flops == flops);
    CHECK(entry_of(profiler, "conv2d_weight_gradient", backward_pass).flops == flops);
    CHECK(entry_of(profiler, "backward of conv2d", backward_pass).flops == 0);
  }
}

TEST_CASE("a transposed convolution counts as the convolution whose gradient it is") {
  const Profiler profiler(ticking_clock());
  // Every pixel of (2, 6, 4, 3) is scattered over 2 channels per group of 3 × 2 weights.
  conv_transpose2d(leaf({2, 6, 4, 3}), leaf({6, 2, 3, 2}, 2), {}, {.stride = 2, .groups = 3});
  CHECK(entry_of(profiler, "conv_transpose2d", forward).flops == 2 * (2 * 6 * 4 * 3) * 2 * 3 * 2);
}

TEST_CASE("products count two operations for every multiply-add") {
  const Profiler profiler(ticking_clock());
  sum(linear(leaf({5, 3}), leaf({4, 3}, 2), leaf({4}, 3))).backward();
  CHECK(entry_of(profiler, "matmul", forward).flops == 2 * 5 * 3 * 4);
  CHECK(entry_of(profiler, "matmul", backward_pass).calls == 2);
  CHECK(entry_of(profiler, "matmul", backward_pass).flops == 2 * (2 * 5 * 3 * 4));
  CHECK(entry_of(profiler, "add", forward).flops == 0);

  const Profiler batched(ticking_clock());
  matmul(leaf({7, 1, 2, 3}), leaf({5, 3, 4}, 2));
  CHECK(entry_of(batched, "matmul", forward).flops == 2 * (7 * 5) * 2 * 3 * 4);
}

TEST_CASE("products over a graph count two operations for every edge and feature") {
  const Profiler profiler(ticking_clock());
  const SparseAdjacency edges(
      {.num_nodes = 4, .edges = {{.source = 0, .target = 1}, {.source = 1, .target = 2}, {.source = 3, .target = 2}}});
  sum(sparse_matmul(edges, leaf({3}), leaf({4, 5}, 2))).backward();
  CHECK(entry_of(profiler, "sparse_matmul", forward).flops == 2 * 3 * 5);
  CHECK(entry_of(profiler, "sparse_matmul", backward_pass).flops == 2 * 3 * 5);
  CHECK(entry_of(profiler, "sparse_matmul_weight_gradient", backward_pass).flops == 2 * 3 * 5);
}

TEST_CASE("bytes are those of inputs and output and of the gradients given and taken") {
  const Profiler profiler(ticking_clock());
  const Tensor a = leaf({5, 3}), b = Generator(2).reals({3, 4});
  const Tensor y = matmul(a, b);
  sum(y).backward();
  constexpr std::int64_t item = 8;
  CHECK(entry_of(profiler, "matmul", forward).bytes == item * (15 + 12 + 20));
  // b does not require a gradient.
  CHECK(entry_of(profiler, "backward of matmul", backward_pass).bytes == item * (20 + 15));
  CHECK(entry_of(profiler, "sum", forward).bytes == item * (20 + 1));
  CHECK(entry_of(profiler, "backward of sum", backward_pass).bytes == item * (1 + 20));
}

TEST_CASE("a nested operator is a separate run and its time is not own time of the outer one") {
  // Every reading of the clock is a nanosecond later: the inner run takes one, and one more when its result is read;
  // the outer takes five.
  const Profiler profiler(ticking_clock());
  const Tensor y = record(WrappedRelu{}, leaf({3}));
  CHECK(labels_of(profiler) == std::vector<std::string>{"relu forward ", "wrapped_relu forward "});
  CHECK(entry_of(profiler, "relu", forward).calls == 1);
  CHECK(entry_of(profiler, "relu", forward).total_ns == 2);
  CHECK(entry_of(profiler, "wrapped_relu", forward).total_ns == 5);
  CHECK(entry_of(profiler, "wrapped_relu", forward).self_ns == 3);
}

TEST_CASE("operators inside backward belong to the backward pass even when recorded") {
  for (const bool create_graph : {false, true}) {
    INFO(create_graph);
    const Tensor x = leaf({3});
    const Profiler profiler(ticking_clock());
    const Tensor y = sum(record(WrappedRelu{}, x));
    const Tensor dx = grad(y, {x}, {}, {.create_graph = create_graph}).front();
    CHECK(entry_of(profiler, "backward of wrapped_relu", backward_pass).calls == 1);
    CHECK(entry_of(profiler, "multiply", backward_pass).calls == 1);
    CHECK(entries_of(profiler, "multiply", forward).empty());
    if (!create_graph) continue;
    sum(dx).backward();
    CHECK(entry_of(profiler, "backward of multiply", backward_pass).calls == 1);
  }
}

TEST_CASE("own times add up to the time of the run around all others") {
  // Every run reads the clock when it begins and when it ends: from the first reading to the last, every nanosecond is
  // the own time of one run.
  const EagerGuard results_are_computed_at_once;
  const Profiler profiler(ticking_clock());
  {
    const ProfileScope step("step");
    const Tensor x = leaf({2, 3, 5, 4}), weight = leaf({4, 3, 3, 3}, 2);
    const Tensor y = relu(conv2d(x, weight));
    sum(y * y).backward();
  }
  std::int64_t own = 0, runs = 0;
  for (const ProfileEntry& entry : profiler.entries()) {
    own += entry.self_ns;
    runs += entry.calls;
  }
  CHECK(runs > 10);
  // A lazy result, here computed at once, goes on with its run and reads the clock twice more: those of conv2d, relu,
  // the sum of both gradients of y, the gradient of relu and the input gradient.
  const std::int64_t computed = 5;
  CHECK(own == 2 * (runs + computed) - 1);
  CHECK(entry_of(profiler, "step", ProfilePass::none).total_ns == own);
}

TEST_CASE("the sum of two gradients of one tensor is an add of the backward pass") {
  const Profiler profiler(ticking_clock());
  const Tensor x = leaf({4, 2});
  const Tensor y = relu(x);
  sum(exp(y) + log(y + 2)).backward();
  const auto entry = entry_of(profiler, "add", backward_pass);
  CHECK(entry.calls == 1);
  CHECK(entry.bytes == 3 * x.array().bytes());
}

TEST_CASE("a backward belongs to the layer of its forward even when the forward had another profiler") {
  Tensor y;
  {
    const Profiler profiler(ticking_clock());
    const detail::LayerScope layer("head");
    y = sum(exp(leaf({3})));
  }
  const Profiler profiler(ticking_clock());
  y.backward();
  CHECK(entry_of(profiler, "backward of exp", backward_pass).layer == "head");
  CHECK(detail::current_layer() == nullptr);
}

TEST_CASE("an operator that throws is not counted and later ones are") {
  const Profiler profiler(ticking_clock());
  const Tensor x = leaf({3});
  {
    const detail::LayerScope layer("layer");
    REQUIRE_THROWS_WITH(record(Failing{.fails_forward_ = true}, x), "failing: forward");
  }
  const Tensor y = exp(record(Failing{.fails_forward_ = false}, x));
  REQUIRE_THROWS_WITH(y.backward(Array::full({3}, 1, DType::f64), {}), "failing: backward");
  relu(x);
  CHECK(labels_of(profiler) == std::vector<std::string>{"backward of exp backward ", "exp forward ", "failing forward ",
                                                        "multiply backward ", "relu forward "});
}

TEST_CASE("a profiler ignores other threads and does not change results") {
  const auto gradients = [] {
    const Tensor x = leaf({2, 3, 5, 4}), weight = leaf({4, 3, 3, 3}, 2);
    sum(relu(conv2d(x, weight))).backward();
    return std::vector<Array>{x.grad().array(), weight.grad().array()};
  };
  const Profiler profiler(ticking_clock());
  std::vector<Array> plain;
  std::thread([&] { plain = gradients(); }).join();
  REQUIRE(profiler.entries().empty());
  const auto profiled = gradients();
  REQUIRE_FALSE(profiler.entries().empty());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(plain[i].to_vector<double>() == profiled[i].to_vector<double>());
  }
}

}  // namespace test_profiler
