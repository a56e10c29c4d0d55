// User-defined operators, written as record.hpp describes.
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

#include "autograd/generate.hpp"

namespace test_record {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

int fast_passes = 0;

/// x / (1 + e^{−x})
struct Silu {
  static constexpr std::string_view name = "silu";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return visit_floating(name, x.dtype(), [&]<class T>() {
      return map<T>(x.array(), [](T value) { return value / (1 + std::exp(-value)); });
    });
  }
  Array backward(const Array& gradient) const {
    ++fast_passes;
    return visit_floating(name, gradient.dtype(), [&]<class T>() {
      return map<T>(gradient, x_.array(), name, [](T g, T x) {
        const T sigmoid = 1 / (1 + std::exp(-x));
        return g * sigmoid * (1 + x * (1 - sigmoid));
      });
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor sigmoid = 1 / (1 + exp(-x));
    return gradient * sigmoid * (1 + x * (1 - sigmoid));
  }
};

Tensor own_silu(const Tensor& x) {
  return record(Silu{}, x);
}

/// a·b + c, whose backward returns a std::array.
struct MultiplyAdd {
  static constexpr std::string_view name = "multiply_add";
  SavedTensor a_ = {}, b_ = {};

  Array forward(const Tensor& a, const Tensor& b, const Tensor& c) {
    a_ = SavedTensor(a);
    b_ = SavedTensor(b);
    return (a.detach() * b.detach() + c.detach()).array();
  }
  std::array<Tensor, 3> backward(const Tensor& gradient) const {
    return {gradient * b_.tensor(), gradient * a_.tensor(), gradient};
  }
};

/// The sum of any number of tensors of one shape.
struct SumAll {
  static constexpr std::string_view name = "sum_all";
  std::size_t count_ = 0;

  Array forward(const std::vector<Tensor>& tensors) {
    count_ = tensors.size();
    Tensor total = tensors.front().detach();
    for (std::size_t i = 1; i < count_; ++i) total = total + tensors[i].detach();
    return total.array();
  }
  std::vector<Tensor> backward(const Tensor& gradient) const { return std::vector<Tensor>(count_, gradient); }
};

}  // namespace

TEST_CASE("an operator written as documented in record.hpp has correct gradients in both forms") {
  Generator random(1);
  for (int i = 0; i < 10; ++i) {
    require_gradients([](const std::vector<Tensor>& in) { return own_silu(in[0]); },
                      {random.reals(random.shape(0, 4, 4), -3, 3)});
  }
}

TEST_CASE("the fast backward is used unless the pass is recorded") {
  const Tensor x = leaf(Array::full({2}, 1, DType::f64));
  fast_passes = 0;
  sum(own_silu(x)).backward();
  REQUIRE(fast_passes == 1);
  const Tensor recorded = grad(sum(own_silu(x)), {x}, {}, {.create_graph = true})[0];
  REQUIRE(fast_passes == 1);
  require_close(recorded.array(), x.grad().array(), 1e-15);
}

TEST_CASE("operators with several inputs return their gradients as an array or a vector") {
  Generator random(2);
  const std::vector<Array> inputs = {random.reals({2, 3}), random.reals({2, 3}), random.reals({2, 3})};
  require_gradients([](const std::vector<Tensor>& in) { return record(MultiplyAdd{}, in[0], in[1], in[2]); }, inputs);
  require_gradients([](const std::vector<Tensor>& in) { return record(SumAll{}, in); }, inputs);
  const std::vector<Tensor> some = {leaf(inputs[0]), inputs[1]};
  sum(record(SumAll{}, some)).backward();
  require_equal(some[0].grad().array(), Array::full({2, 3}, 1, DType::f64));
  REQUIRE_FALSE(some[1].grad().defined());
}

TEST_CASE("nodes know their operator and inputs and are ordered along the tape") {
  const Tensor x = leaf(Array::full({2}, 1)), constant = Array::full({2}, 1);
  REQUIRE(constant.node() == nullptr);
  REQUIRE(x.node()->is_accumulator());
  REQUIRE(x.node()->name() == "leaf");
  const Tensor y = x * constant;
  REQUIRE(y.node()->name() == "multiply");
  REQUIRE_FALSE(y.node()->is_accumulator());
  REQUIRE(y.node()->inputs().size() == 2);
  REQUIRE(y.node()->inputs()[0] == x.node());
  REQUIRE(y.node()->inputs()[1] == nullptr);
  REQUIRE(y.node()->position() > x.node()->position());
  REQUIRE(own_silu(y).node()->position() > y.node()->position());
}

}  // namespace test_record
