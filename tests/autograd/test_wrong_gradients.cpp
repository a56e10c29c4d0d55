// Operators whose backward returns gradients that do not fit their inputs.
#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_wrong_gradients {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

/// a + b, with gradients that a test chooses.
struct Faulty {
  static constexpr std::string_view name = "faulty";
  std::vector<Array> gradients_;

  Array forward(const Tensor& a, const Tensor& b) { return (a.detach() + b.detach()).array(); }
  std::vector<Tensor> backward(const Tensor&) const { return {gradients_.begin(), gradients_.end()}; }
};

/// An operator of one input with both forms of backward, only one of which is right.
template <bool is_fast_right>
struct HalfRight {
  static constexpr std::string_view name = "half_right";

  Array forward(const Tensor& x) { return x.array().clone(); }
  Array backward(const Array& gradient) const { return is_fast_right ? gradient : Array::zeros({1}, DType::f64); }
  Tensor backward(const Tensor& gradient) const { return is_fast_right ? Array::zeros({1}, DType::f64) : gradient; }
};

struct Fault {
  std::vector<Array> gradients;
  std::string message;
};

const std::string leaf_hint =
    "\nhint: a leaf's value may be replaced by one of another shape or dtype only after backward";

std::vector<Fault> faults() {
  const Array right = zeros({2, 3}, DType::f64);
  const auto wrong = [&](const std::string& input, const std::string& got) {
    return "faulty: expected a gradient f64[2, 3] of input " + input + ", got " + got;
  };
  return {{{}, "faulty: its backward returned 0 gradients for 2 inputs"},
          {{right}, "faulty: its backward returned 1 gradients for 2 inputs"},
          {{right, right, right}, "faulty: its backward returned 3 gradients for 2 inputs"},
          {{zeros({3}, DType::f64), right}, wrong("0", "f64[3]")},
          {{right, zeros({2, 4}, DType::f64)}, wrong("1", "f64[2, 4]")},
          {{right, zeros({3, 2}, DType::f64)}, wrong("1", "f64[3, 2]")},
          {{right, zeros({}, DType::f64)}, wrong("1", "f64[]")},
          {{right, zeros({1, 2, 3}, DType::f64)}, wrong("1", "f64[1, 2, 3]")},
          {{zeros({2, 3}), right}, wrong("0", "f32[2, 3]")},
          {{right, zeros({2, 3}, DType::i64)}, wrong("1", "i64[2, 3]")}};
}

}  // namespace

TEST_CASE("gradients that do not fit the inputs are errors in every kind of backward pass") {
  for (const Fault& fault : faults()) {
    for (const bool are_leaves : {true, false}) {
      INFO(fault.message << (are_leaves ? " of leaves" : " of results"));
      const CheckedFunction function = [&](const std::vector<Tensor>& in) {
        if (are_leaves) return record(Faulty{fault.gradients}, in[0], in[1]);
        return record(Faulty{fault.gradients}, in[0] * 2, in[1] * 2);
      };
      const Array value = Generator(1).reals({2, 3});
      const Tensor a = leaf(value.clone()), b = leaf(value.clone());
      const bool has_hint = are_leaves && fault.message.find("expected") != std::string::npos;
      const auto message = Message(fault.message + (has_hint ? leaf_hint : ""));
      for (const bool create_graph : {false, true}) {
        const BackwardOptions options = {.create_graph = create_graph};
        REQUIRE_THROWS_MATCHES(sum(function({a, b})).backward({}, options), GradError, message);
        REQUIRE_THROWS_MATCHES(grad(sum(function({a, b})), {a, b}, {}, options), GradError, message);
      }
      REQUIRE_THROWS_MATCHES(gradcheck(function, {value, value}), GradError, message);
      REQUIRE_THROWS_MATCHES(gradgradcheck(function, {value, value}), GradError, message);
      REQUIRE_FALSE(a.grad().defined());
      REQUIRE_FALSE(b.grad().defined());
    }
  }
}

TEST_CASE("both forms of a backward are checked") {
  const Tensor x = leaf(zeros({2}, DType::f64));
  const auto message = Message("half_right: expected a gradient f64[2] of input 0, got f64[1]" + leaf_hint);
  const auto fast = [&] { return sum(record(HalfRight<true>{}, x)); };
  REQUIRE_NOTHROW(fast().backward());
  REQUIRE_THROWS_MATCHES(fast().backward({}, {.create_graph = true}), GradError, message);
  const auto recorded = [&] { return sum(record(HalfRight<false>{}, x)); };
  REQUIRE_NOTHROW(recorded().backward({}, {.create_graph = true}));
  REQUIRE_THROWS_MATCHES(recorded().backward(), GradError, message);
}

TEST_CASE("a gradient that nothing needs may be anything") {
  const Tensor a = leaf(zeros({2, 3}, DType::f64));
  const Tensor b = zeros({2, 3}, DType::f64);
  sum(record(Faulty{{Array::full({2, 3}, 5, DType::f64), zeros({7})}}, a, b)).backward();
  require_equal(a.grad().array(), Array::full({2, 3}, 5, DType::f64));
}

TEST_CASE("a hook that replaces the value of a gradient by one of another shape is rejected") {
  const Tensor x = leaf(zeros({2}));
  x.register_hook([](const Tensor& gradient) {
    Tensor(gradient).set_array(zeros({3}));
    return Tensor();
  });
  REQUIRE_THROWS_MATCHES(sum(x * x).backward(), ShapeError, Message("hook: expected a gradient of shape [2], got [3]"));
  REQUIRE_FALSE(x.grad().defined());
}

TEST_CASE("gradcheck rejects a function whose results differ in shape") {
  for (const bool grows : {true, false}) {
    int calls = 0;
    const CheckedFunction function = [&](const std::vector<Tensor>& in) {
      const std::int64_t size = calls++ == 0 ? 4 : grows ? 400 : 2;
      return in[0] * Array::full({size}, 1, DType::f64);
    };
    REQUIRE_THROWS_MATCHES(gradcheck(function, {zeros({1}, DType::f64)}), ShapeError,
                           Message("gradcheck: expected results of one shape, got [4] and then [" +
                                   std::to_string(grows ? 400 : 2) + "]"));
  }
}

}  // namespace test_wrong_gradients
