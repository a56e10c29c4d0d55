// Long tapes on a small stack: nothing recurses along the tape, neither backward nor freeing.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include <pthread.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>

#include "autograd/generate.hpp"

namespace test_deep_chain {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::size_t small_stack = std::size_t{256} << 10;

struct Job {
  const std::function<void()>& body;
  std::string error = {};
};

void* run(void* argument) {
  auto& job = *static_cast<Job*>(argument);
  try {
    job.body();
  } catch (const std::exception& error) {
    job.error = error.what();
  }
  return nullptr;
}

/// Runs `body` on a thread with a stack of 256 KiB; deep recursion would crash the program.
void on_a_small_stack(const std::function<void()>& body) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, small_stack) == 0);
  Job job = {.body = body};
  pthread_t thread{};
  const int started = pthread_create(&thread, &attributes, run, &job);
  pthread_attr_destroy(&attributes);
  REQUIRE(started == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  REQUIRE(job.error == "");
}

/// x, negated `length` times.
Tensor negated(const Tensor& x, std::int64_t length) {
  Tensor y = x;
  for (std::int64_t i = 0; i < length; ++i) y = -y;
  return y;
}

}  // namespace

TEST_CASE("a chain of a million operators is built and run backward and freed on a small stack") {
  const auto before = tape_statistics();
  double gradient = 0;
  std::int64_t live = 0;
  on_a_small_stack([&] {
    const Tensor x = leaf(Array::scalar(3));
    const Tensor y = negated(x, 1'000'001);
    live = tape_statistics().live_nodes;
    y.backward();
    gradient = x.grad().item();
  });
  REQUIRE(live == before.live_nodes + 1'000'002);
  REQUIRE(gradient == -1);
  REQUIRE(tape_statistics().live_nodes == before.live_nodes);
}

TEST_CASE("a chain of a million operators is freed without backward on a small stack") {
  const auto before = tape_statistics();
  on_a_small_stack([] { (void)negated(leaf(Array::scalar(3)), 1'000'000); });
  REQUIRE(tape_statistics().live_nodes == before.live_nodes);
}

// Here every operator keeps its input, and thereby the preceding tape, in a saved tensor.
TEST_CASE("a long chain of saved values is run and searched and freed on a small stack") {
  constexpr int length = 50'000;
  const auto before = tape_statistics();
  double from_backward = 0, from_grad = 0;
  on_a_small_stack([&] {
    const Tensor x = leaf(Array::scalar(1)), w = leaf(Array::scalar(1));
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = y * w;
    from_grad = grad(y, {w}, {}, {.retain_graph = true})[0].item();
    y.backward();
    from_backward = w.grad().item();
    for (int i = 0; i < length; ++i) y = y * w;
  });
  REQUIRE(from_grad == length);
  REQUIRE(from_backward == length);
  REQUIRE(tape_statistics().live_nodes == before.live_nodes);
  REQUIRE(tape_statistics().saved_bytes == before.saved_bytes);
}

TEST_CASE("a long chain that is recorded while it is run backward is freed on a small stack") {
  const auto before = tape_statistics();
  double second = 0;
  on_a_small_stack([&] {
    const Tensor x = leaf(Array::scalar(1)), w = leaf(Array::scalar(1));
    Tensor y = x;
    for (int i = 0; i < 2000; ++i) y = y * w;
    const Tensor first = grad(y, {w}, {}, {.create_graph = true})[0];
    second = grad(first, {w})[0].item();
  });
  // The second derivative of w^n at 1.
  REQUIRE(second == 2000.0 * 1999);
  REQUIRE(tape_statistics().live_nodes == before.live_nodes);
}

}  // namespace test_deep_chain
