// Leaves that are replaced, frozen or unfrozen between forward and backward.
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_replaced_leaves {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

TEST_CASE("backward uses the value that forward saw when a leaf of the same shape replaces it") {
  Tensor w = leaf(f32({2}, {3, 4}));
  const Tensor x = leaf(f32({2}, {1, 2}));
  const Tensor y = sum(w * w * x);
  w.set_array(f32({2}, {-1, -1}));
  y.backward();
  require_equal(x.grad().array(), f32({2}, {9, 16}));
  require_equal(w.grad().array(), f32({2}, {6, 16}));
  require_equal(w.array(), f32({2}, {-1, -1}));
}

TEST_CASE("a leaf of another shape or dtype gets no gradient of the old value") {
  for (const bool is_shape : {true, false}) {
    for (const bool create_graph : {false, true}) {
      Tensor w = leaf(f32({2}, {3, 4}));
      const Tensor x = leaf(f32({2}, {1, 2}));
      const auto forward = [&] { return sum(w * x); };
      const Tensor y = forward();
      const Array other = is_shape ? zeros({1}) : zeros({2}, DType::f64);
      w.set_array(other);
      const auto message = Message("multiply: expected a gradient " + to_string(other) +
                                   " of input 0, got f32[2]\nhint: a leaf's value may be replaced by one of another "
                                   "shape or dtype only after backward");
      const BackwardOptions options = {.retain_graph = true, .create_graph = create_graph};
      REQUIRE_THROWS_MATCHES(y.backward({}, options), GradError, message);
      REQUIRE_THROWS_MATCHES(grad(y, {w}, {}, options), GradError, message);
      REQUIRE_FALSE(w.grad().defined());
      require_equal(grad(y, {x}, {}, options)[0].array(), f32({2}, {3, 4}));

      // A pass over the new value, and one over the old value after it is back.
      const Tensor z = sum(w * Tensor(other));
      z.backward();
      REQUIRE(w.grad().shape() == other.shape());
      REQUIRE(w.grad().dtype() == other.dtype());
      w.set_array(f32({2}, {0, 0}));
      REQUIRE_FALSE(w.grad().defined());
      y.backward({}, options);
      require_equal(w.grad().array(), f32({2}, {1, 2}));
      w.set_grad({});
      Tensor(x).set_grad({});
    }
  }
}

TEST_CASE("hooks of a leaf stay when its value is replaced") {
  Tensor w = leaf(f32({2}, {3, 4}));
  int calls = 0;
  w.register_hook([&](const Tensor&) {
    ++calls;
    return Tensor();
  });
  w.set_array(f32({3}, {1, 1, 1}));
  sum(w * 2).backward();
  REQUIRE(calls == 1);
}

TEST_CASE("a value that cannot replace that of a leaf is rejected and the leaf stays as it was") {
  Tensor w = leaf(f32({2}, {3, 4}));
  w.set_grad(f32({2}, {1, 1}));
  REQUIRE_THROWS_MATCHES(w.set_array(Array()), ValueError,
                         Message("set_array: expected a value, got an undefined array"));
  REQUIRE_THROWS_MATCHES(w.set_array(zeros({2}, DType::i64)), DTypeError,
                         Message("set_array: expected f32 or f64, got i64"));
  Tensor computed = w * 2;
  REQUIRE_THROWS_AS(computed.set_array(zeros({2})), GradError);
  REQUIRE_THROWS_AS(Tensor().set_array(zeros({2})), ValueError);
  require_equal(w.array(), f32({2}, {3, 4}));
  require_equal(w.grad().array(), f32({2}, {1, 1}));
  Tensor constant = f32({2}, {3, 4});
  constant.set_array(zeros({2}, DType::i64));
  REQUIRE(constant.dtype() == DType::i64);
}

TEST_CASE("a leaf that is frozen between forward and backward gets no gradient") {
  for (const bool create_graph : {false, true}) {
    Tensor w = leaf(f32({2}, {3, 4}));
    const Tensor x = leaf(f32({2}, {1, 2}));
    const Tensor y = sum(w * x);
    w.set_requires_grad(false);
    REQUIRE_FALSE(w.node());
    y.backward({}, {.retain_graph = true, .create_graph = create_graph});
    REQUIRE_FALSE(w.grad().defined());
    require_equal(x.grad().array(), f32({2}, {3, 4}));

    // While it is frozen, it is a constant.
    REQUIRE_FALSE((w * 2).requires_grad());
    // It is the same leaf when it is unfrozen.
    w.set_requires_grad(true);
    require_equal(grad(y, {w}, {}, {.retain_graph = true})[0].array(), f32({2}, {1, 2}));
    y.backward();
    require_equal(w.grad().array(), f32({2}, {1, 2}));
    Tensor(x).set_grad({});
  }
}

TEST_CASE("a leaf that is unfrozen after forward gets no gradient of a constant") {
  Tensor w = f32({2}, {3, 4});
  const Tensor x = leaf(f32({2}, {1, 2}));
  const Tensor y = sum(w * x);
  w.set_requires_grad();
  y.backward();
  REQUIRE_FALSE(w.grad().defined());
}

TEST_CASE("undefined tensors throw wherever they would need a value") {
  Tensor none;
  REQUIRE_THROWS_AS(none.set_requires_grad(), ValueError);
  REQUIRE_THROWS_AS(none.set_requires_grad(false), ValueError);
  REQUIRE_THROWS_AS(none.set_grad({}), ValueError);
  REQUIRE_THROWS_AS(none.grad(), ValueError);
  REQUIRE_THROWS_AS(none.detach(), ValueError);
  REQUIRE_THROWS_AS(none.item(), ValueError);
  REQUIRE_THROWS_AS(none.backward(), ValueError);
  REQUIRE_THROWS_AS(none.register_hook({}), GradError);
  REQUIRE_THROWS_AS(grad(none, {none}), GradError);
}

}  // namespace test_replaced_leaves
