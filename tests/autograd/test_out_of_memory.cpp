// Failures within operators: memory that the system does not have, and exceptions of a user's functions.
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

#include "autograd/generate.hpp"

namespace test_out_of_memory {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::StartsWith;

namespace {

/// Fails in forward or backward, as a container in a kernel would.
struct Greedy {
  static constexpr std::string_view name = "greedy";
  bool fails_in_forward;

  Array forward(const Tensor& x) const {
    if (fails_in_forward) throw std::bad_alloc();
    return x.array();
  }
  Tensor backward(const Tensor&) const { throw std::bad_alloc(); }
};

/// More elements than one piece of a loop.
constexpr std::int64_t size = 100000;

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::bad_alloc& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("an operator that runs out of memory names itself and what is in use") {
  const Array held = Array::zeros({1000});
  const Tensor x = leaf(Array::zeros({3}));
  REQUIRE_THAT(message_of([&] { record(Greedy{true}, x); }), StartsWith("greedy: out of memory; arrays use "));
  REQUIRE_THAT(message_of([&] { sum(record(Greedy{false}, x)).backward(); }),
               StartsWith("backward of greedy: out of memory; arrays use "));
}

// A sanitizer ends the program instead.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("an array larger than memory is an error with its shape and bytes and those in use") {
  const std::string text = message_of([] { Array::empty({std::int64_t{1} << 46}); });
  REQUIRE_THAT(text, StartsWith("array f32[70368744177664]: out of memory: requested 281474976710656 bytes; arrays "
                                "use "));
  const Array column = Array::zeros({std::int64_t{1} << 23, 1}), row = Array::zeros({1, std::int64_t{1} << 23});
  REQUIRE_THAT(message_of([&] { (void)matmul(column, row).array(); }),
               StartsWith("matmul: array f32[8388608, 8388608]: out of memory: requested 281474976710656 bytes"));
  REQUIRE_THAT(message_of([&] { (void)(Tensor(column) * row).array(); }), StartsWith("multiply: array f32["));
}
#endif

TEST_CASE("exceptions of elementwise functions leave loops over many elements") {
  const auto fail = [](float) -> float { throw std::runtime_error("my function"); };
  const auto fail_of_two = [](float, float) -> float { throw std::runtime_error("my function"); };
  const Array x = Array::zeros({size}), rows = Array::zeros({size, 3}), row = Array::zeros({3});
  for_each_thread_count([&] {
    REQUIRE_THROWS_WITH(map<float>(x, fail), "my function");
    REQUIRE_THROWS_WITH(map<float>(x, x, "test", fail_of_two), "my function");
    REQUIRE_THROWS_WITH(map<float>(rows, row, "test", fail_of_two), "my function");
    // Loops work as before.
    REQUIRE(sum(Array::full({size}, 1)).item() == size);
  });
}

}  // namespace test_out_of_memory
