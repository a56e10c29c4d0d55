#include <cmath>
#include <limits>
#include <vector>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "batch_norm_cases.hpp"
#include "kernels/execution.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Case {
  Array x, residual, mean, variance, weight, bias, seed;
  bool training;
};

Case made_up(std::int64_t channels, DType dtype, bool training, const Shape& plane = {5, 7}) {
  const Shape shape = {3, channels, plane[0], plane[1]};
  return {.x = normal(shape, 0.5, 2, dtype),
          .residual = normal(shape, 0, 3, dtype, 7),
          .mean = Array::full({channels}, 0.25, dtype),
          .variance = Array::full({channels}, 1.5, dtype),
          .weight = normal({channels}, 3, 2, dtype, 4),
          .bias = normal({channels}, 1, 3, dtype, 5),
          .seed = normal(shape, 0, 1, dtype, 6),
          .training = training};
}

Tensor one_operator(const Case& c, const std::vector<Tensor>& in) {
  return batch_norm_add_relu(in[0], in[1], c.mean.clone(), c.variance.clone(), in[2], in[3], {.training = c.training});
}
Tensor two_operators(const Case& c, const std::vector<Tensor>& in) {
  return add_relu(batch_norm(in[0], c.mean.clone(), c.variance.clone(), in[2], in[3], {.training = c.training}), in[1]);
}

/// The value of `function` and its gradients by those of x, residual, weight and bias that are `asked` for.
template <class Function>
std::vector<double> evaluated(const Case& c, const std::vector<bool>& asked, const Function& function) {
  std::vector<Tensor> inputs, leaves;
  for (const Array& array : {c.x, c.residual, c.weight, c.bias}) {
    inputs.emplace_back(array);
    if (asked[inputs.size() - 1]) leaves.push_back(inputs.back() = Tensor(array).set_requires_grad());
  }
  const Tensor y = function(c, inputs);
  std::vector<double> all = values_of(y.array());
  for (const Tensor& gradient : grad(y, leaves, c.seed)) {
    const auto values = values_of(gradient.array());
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// Requires the bits of both operators one after the other.
void require_two_operators(const Case& c, const std::vector<bool>& asked = {true, true, true, true}) {
  require_same(evaluated(c, asked, one_operator), evaluated(c, asked, two_operators));
}

}  // namespace

TEST_CASE("batch_norm_add_relu has the bits of the two operators on every instruction set") {
  for (const std::int64_t channels : {1, 3, 8, 11, 16, 23, 37, 64, 101}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      for_each_target([&] {
        for (const bool training : {true, false}) require_two_operators(made_up(channels, dtype, training));
      });
    }
  }
}

TEST_CASE("batch_norm_add_relu gives each gradient alone") {
  for (const bool training : {true, false}) {
    for (std::size_t wanted = 0; wanted < 4; ++wanted) {
      std::vector<bool> asked(4, false);
      asked[wanted] = true;
      require_two_operators(made_up(5, DType::f32, training), asked);
    }
  }
}

TEST_CASE("batch_norm_add_relu has the bits of the two operators at the kink and beside NaN and infinity") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Case c = made_up(5, dtype, false);
    // Evaluation gives (x − 0.25) · weight + residual.
    c.variance = Array::full({5}, 1 - 1e-5, DType::f64);
    c.weight = Array::full({5}, 1, dtype);
    c.bias = Array::zeros({5}, dtype);
    visit_floating("test", dtype, [&]<class T>() {
      T* x = c.x.mutable_data<T>();
      T* residual = c.residual.mutable_data<T>();
      const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
      const T pairs[][2] = {{T(1.25), T(-1)},
                            {T(1.25), std::nextafter(T(-1), T(0))},
                            {T(1.25), std::nextafter(T(-1), T(-2))},
                            {nan, T(1)},
                            {T(1), nan},
                            {inf, T(-1)},
                            {inf, -inf},
                            {-inf, T(1)}};
      for (const auto& [value, added] : pairs) {
        *x++ = value;
        *residual++ = added;
      }
    });
    require_two_operators(c);
    c.training = true;
    require_two_operators(c);
  }
}

TEST_CASE("batch_norm_add_relu gives the same bits at any number of threads") {
  const Case c = made_up(19, DType::f32, true, {67, 61});
  std::vector<std::vector<double>> results;
  for_each_thread_count([&] {
    results.push_back(evaluated(c, {true, true, true, true}, one_operator));
    REQUIRE(results.back() == results.front());
  });
}

TEST_CASE("batch_norm_add_relu writes over a gradient only where nobody else sees it") {
  const Case c = made_up(4, DType::f32, true);
  const std::vector<Tensor> inputs = {Tensor(c.x.contiguous(channels_last)).set_requires_grad(),
                                      Tensor(c.residual).set_requires_grad(), Tensor(c.weight).set_requires_grad(),
                                      Tensor(c.bias).set_requires_grad()};
  const Array seed = c.seed.contiguous(channels_last);
  const auto seed_before = values_of(seed);
  const Tensor y = one_operator(c, inputs);
  // The gradient of the sum goes to y and, the same array, to the other summand.
  const Tensor other = Tensor(c.residual).set_requires_grad();
  const Tensor sum_of_both = y + other;
  std::vector<std::vector<double>> passes;
  for (int pass = 0; pass < 2; ++pass) {
    passes.emplace_back();
    for (const Tensor& gradient :
         grad(sum_of_both, {inputs[0], inputs[1], inputs[2], other}, seed, {.retain_graph = true})) {
      const auto values = values_of(gradient.array());
      passes.back().insert(passes.back().end(), values.begin(), values.end());
    }
    REQUIRE(passes.back() == passes.front());
    REQUIRE(values_of(seed) == seed_before);
  }
  const auto gradient_of_other = grad(sum_of_both, {other}, seed)[0].array();
  REQUIRE(values_of(gradient_of_other) == seed_before);
}

TEST_CASE("batch_norm_add_relu saves x and its output") {
  const Case c = made_up(3, DType::f64, true);
  const auto before = tape_statistics().saved_bytes;
  const Tensor y = one_operator(c, {Tensor(c.x).set_requires_grad(), c.residual, c.weight, c.bias});
  REQUIRE(tape_statistics().saved_bytes - before == c.x.bytes() + y.array().bytes() + c.weight.bytes());
}
