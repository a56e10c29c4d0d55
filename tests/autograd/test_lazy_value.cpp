// Values that are computed when they are read.
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"
#include "core/profile_checks.hpp"

namespace test_lazy_value {

using namespace tapestry;
using namespace tapestry::testing;
using detail::pending;

namespace {

using MemoryFormat::channels_last;

Array image(std::uint64_t seed, std::int64_t channels = 17) {
  return Generator(seed).reals({2, channels, 5, 7}).to(DType::f32).contiguous(channels_last);
}
Array kernel(std::uint64_t seed, std::int64_t channels = 17) {
  return Generator(seed).reals({channels, channels, 3, 3}).to(DType::f32);
}

/// The end of a residual block in evaluation.
struct Block {
  Array x = image(1), weight = kernel(2), shortcut = image(3);
  Array mean = Generator(4).reals({17}).to(DType::f32), variance = Array::full({17}, 0.8);

  Tensor normalized() const {
    return batch_norm(conv2d(x, weight, {}, {.padding = 1}), mean, variance, {}, {}, {.training = false});
  }
  Tensor operator()() const { return relu(normalized() + shortcut); }
};

std::int64_t calls(const Profiler& profiler, std::string_view name) {
  std::int64_t total = 0;
  for (const ProfileEntry& entry : profiler.entries()) total += entry.name == name ? entry.calls : 0;
  return total;
}

}  // namespace

TEST_CASE("the shape and dtype and format of a pending value are known before it is read") {
  const Block block;
  const Tensor y = block();
  REQUIRE(pending(y));
  REQUIRE(y.shape() == Shape{2, 17, 5, 7});
  REQUIRE(y.dtype() == DType::f32);
  REQUIRE(y.format() == channels_last);
  REQUIRE(pending(y));
  REQUIRE(y.array().shape() == y.shape());
  REQUIRE_FALSE(pending(y));
}

TEST_CASE("in evaluation a convolution with batch norm and a sum and relu allocates one result") {
  const Block block;
  (void)block().array();  // the allocator keeps the blocks of the first run
  const Tensor y = block();
  const auto before = Allocator::instance().statistics().live_bytes;
  const Array& read = y.array();
  REQUIRE(Allocator::instance().statistics().live_bytes - before <= read.bytes() + 64);
  const EagerGuard guard;
  require_equal(read, block().array());
}

TEST_CASE("the tape and profiles show the plain operators") {
  const Block block;
  const Profiler profiler(ticking_clock());
  const Tensor x = leaf(block.x), weight = leaf(block.weight);
  const Tensor y =
      relu(batch_norm(conv2d(x, weight, {}, {.padding = 1}), {}, {}, {}, {}, {.training = true}) + block.shortcut);
  sum(y).backward();
  for (const char* name : {"conv2d", "batch_norm", "add", "relu"}) {
    INFO(name);
    REQUIRE(calls(profiler, name) == 1);
    REQUIRE(calls(profiler, std::string("backward of ") + name) == 1);
  }
  REQUIRE(calls(profiler, "conv2d_input_gradient") == 1);
  REQUIRE(calls(profiler, "conv2d_weight_gradient") == 1);
  REQUIRE(calls(profiler, "conv_transpose2d") == 0);
}

TEST_CASE("errors are thrown by the call and not by the read") {
  const Tensor pending_image = relu(conv2d(image(1), kernel(2), {}, {.padding = 1}));
  REQUIRE_THROWS_AS(conv2d(pending_image, kernel(3, 5)), ShapeError);
  REQUIRE_THROWS_AS(pending_image + Tensor(image(1).to(DType::f64)), DTypeError);
  REQUIRE_THROWS_AS(batch_norm(pending_image, {}, {}, Array::zeros({3}), {}, {.training = false}), ShapeError);
}

TEST_CASE("a pending value is computed before an array that it reads is overwritten") {
  struct Written {
    const char* name;
    Array Block::*memory;
  };
  const Array wanted = Block()().array();
  for (const Written& written : std::vector<Written>{{"x", &Block::x},
                                                     {"weight", &Block::weight},
                                                     {"shortcut", &Block::shortcut},
                                                     {"mean", &Block::mean},
                                                     {"variance", &Block::variance}}) {
    INFO(written.name);
    const Block block;
    const Tensor y = block();
    Array(block.*written.memory).fill(7);
    require_equal(y.array(), wanted);
  }
}

TEST_CASE("a pending value is computed before the result of another pending value that it reads is overwritten") {
  const Tensor x = Tensor(image(1)) + Tensor(image(2));
  (void)x.array();
  const Tensor y = relu(x);
  const Array wanted = relu(Tensor(x.array().clone())).array();
  Array(x.array()).fill(-3);
  require_equal(y.array(), wanted);
  // The other order: read after the value that is computed from it.
  const Tensor a = Tensor(image(1)) + Tensor(image(2));
  const Tensor b = sigmoid(a);
  const Array wanted_b = sigmoid(Tensor(a.array().clone())).array();
  Array(a.array()).fill(-3);
  require_equal(b.array(), wanted_b);
}

TEST_CASE("a result that backward recomputes survives the overwriting of its source") {
  // Large enough not to be kept.
  const Tensor x = leaf(image(1, 130)), weight = leaf(Generator(2).reals({3, 130, 1, 1}).to(DType::f32));
  const Tensor scaled = 2 * x;
  const Tensor y = relu(batch_norm(scaled, {}, {}, {}, {}, {.training = true}));
  const Array copy = y.array().clone();
  const Tensor z = conv2d(y, weight);
  Array(scaled.array()).fill(5);
  const Array wanted = grad(sum(conv2d(Tensor(copy), weight)), {weight})[0].array();
  require_equal(grad(sum(z), {weight})[0].array(), wanted);
  REQUIRE_THROWS_AS(sum(z).backward(), GradError);
}

TEST_CASE("a convolution with two consumers runs once") {
  const Tensor x = image(1);
  const Array weight = kernel(2);
  const Tensor y = conv2d(x, weight, {}, {.padding = 1});
  const Tensor a = relu(y);
  REQUIRE(pending(y));
  const Tensor b = sigmoid(y);
  REQUIRE_FALSE(pending(y));
  require_equal(a.array(), relu(Tensor(y.array())).array());
  require_equal(b.array(), sigmoid(Tensor(y.array())).array());
}

TEST_CASE("a convolution whose result backward needs is computed when it is saved") {
  const Tensor x = leaf(image(1)), weight = leaf(kernel(2));
  const Tensor y = conv2d(x, weight, {}, {.padding = 1});
  const Tensor z = silu(y);
  REQUIRE_FALSE(pending(y));
  REQUIRE(pending(z));
}

TEST_CASE("two threads may read one pending value") {
  for (int round = 0; round < 20; ++round) {
    const Block block;
    const Tensor normalized = block.normalized(), y = relu(normalized + block.shortcut);
    std::vector<Array> read(4);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < read.size(); ++i) {
      threads.emplace_back([&, i] { read[i] = i % 2 == 0 ? y.array() : y.detach().array(); });
    }
    std::thread other([&] { (void)normalized.array(); });
    for (std::thread& thread : threads) thread.join();
    other.join();
    for (const Array& array : read) REQUIRE(array.shares_memory_with(read[0]));
    require_equal(read[0], Block()().array());
  }
}

TEST_CASE("a pending value outlives the tensors that it is computed from") {
  Tensor y;
  {
    const Block block;
    y = block();
  }
  require_equal(y.array(), Block()().array());
}

TEST_CASE("anomaly mode names the operator whose result is not finite at its call") {
  Array x = image(1);
  x.mutable_data<float>()[3] = std::numeric_limits<float>::infinity();
  const Tensor y = conv2d(x, kernel(2), {}, {.padding = 1});
  const AnomalyGuard guard;
  REQUIRE_THROWS_WITH(relu(y), ContainsSubstring("relu: its result"));
}

TEST_CASE("a linear layer adds its bias and applies its activation as the product is stored") {
  const Tensor x = Generator(1).reals({67, 40}).to(DType::f32), weight = Generator(2).reals({35, 40}).to(DType::f32),
               bias = Generator(3).reals({35}).to(DType::f32);
  const auto layer = [&] { return gelu(linear(x, weight, bias)); };
  const Tensor y = layer();
  REQUIRE(pending(y));
  const EagerGuard guard;
  require_equal(y.array(), layer().array());
}

TEST_CASE("replacing a value between forward and backward does not change the gradient") {
  const Tensor x = leaf(f32({2}, {1, 2}));
  Tensor w = leaf(f32({2}, {3, 4}));
  const Tensor y = sum(w * x);
  w.set_array(f32({1}, {-1}));
  REQUIRE(grad(y, {x})[0].array().to_vector<float>() == std::vector<float>{3, 4});
}

TEST_CASE("EagerGuard computes every result at once until it ends") {
  const Block block;
  {
    const EagerGuard guard;
    REQUIRE_FALSE(pending(block()));
  }
  REQUIRE(pending(block()));
}

}  // namespace test_lazy_value
