#include <cmath>
#include <vector>

#include "batch_norm_cases.hpp"

namespace test_batch_norm_gradients {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("batch_norm in training has input gradients that sum to zero per channel") {
  const Array x = normal({4, 5, 7, 11}, 3, 2, DType::f32);
  const Array seed = normal(x.shape(), 1, 1, DType::f32, 6);
  for (const bool create_graph : {false, true}) {
    const GradientsOf g =
        gradients(x, {}, {}, normal({5}, 1, 0.5, DType::f32), Array::zeros({5}), seed, true, create_graph);
    std::vector<double> sums(5);
    const auto dx = values_of(g.dx);
    for_each_element(x.shape(), [&](std::size_t c, std::size_t i) { sums[c] += dx[i]; });
    // 308 values of about 1, each rounded to 6e-8; the composed form rounds several times.
    for (const double sum : sums) REQUIRE(std::abs(sum) < 308 * 6e-8 * (create_graph ? 8 : 1));
  }
}

TEST_CASE("batch_norm in evaluation treats its statistics as constants even when they change later") {
  const Array x = normal({2, 3, 4, 5}, 1, 2);
  const Array mean = Array::from({3}, std::vector<double>{1, 2, 3});
  Array variance = Array::from({3}, std::vector<double>{4, 9, 16});
  const Array weight = Array::from({3}, std::vector<double>{2, 3, 4});
  Tensor leaf = Tensor(x).set_requires_grad();
  const Tensor y = batch_norm(leaf, mean, variance, weight, {}, {.training = false, .eps = 1e-300});
  variance.fill(1);
  const auto dx = values_of(grad(y, {leaf}, Array::full(x.shape(), 1, DType::f64))[0].array());
  for (const double value : dx) REQUIRE(value == 1);
}

TEST_CASE("batch_norm has the same gradients in both forms") {
  const Array x = normal({3, 5, 7, 2}, 100, 0.01, DType::f32);
  const Array seed = normal(x.shape(), 0, 1, DType::f32, 6);
  const Array weight = normal({5}, 1, 0.5, DType::f32, 4);
  const Array bias = Array::zeros({5});
  const Array mean = Array::full({5}, 100);
  const Array variance = Array::full({5}, 1e-4);
  for (const bool training : {true, false}) {
    const GradientsOf fast = gradients(x, mean.clone(), variance.clone(), weight, bias, seed, training);
    const GradientsOf composed = gradients(x, mean.clone(), variance.clone(), weight, bias, seed, training, true);
    // Sums of 42 terms of about 1, and slopes of about 100, each of some ten roundings.
    require_close(composed.dx, values_of(fast.dx), 100 * 10 * 6e-8, 1e-5);
    require_close(composed.dweight, values_of(fast.dweight), 42 * 10 * 6e-8, 1e-5);
    require_close(composed.dbias, values_of(fast.dbias), 42 * 6e-8, 1e-6);
  }
}

TEST_CASE("batch_norm computes only the requested gradients") {
  const Array x = normal({2, 3, 4, 5}, 0, 1);
  const Array seed = normal(x.shape(), 0, 1, DType::f64, 6);
  const Array mean = Array::zeros({3}, DType::f64);
  const Array variance = Array::full({3}, 1, DType::f64);
  const Array weight = Array::full({3}, 2, DType::f64);
  const Array bias = Array::zeros({3}, DType::f64);
  for (const bool training : {true, false}) {
    for (const bool create_graph : {false, true}) {
      const GradientsOf all = gradients(x, mean.clone(), variance.clone(), weight, bias, seed, training, create_graph);
      const Array expected[] = {all.dx, all.dweight, all.dbias};
      for (std::size_t i = 0; i < 3; ++i) {
        std::vector<Tensor> inputs = {x, weight, bias};
        inputs[i].set_requires_grad();
        const Tensor y =
            batch_norm(inputs[0], mean.clone(), variance.clone(), inputs[1], inputs[2], {.training = training});
        const Tensor alone = grad(y, {inputs[i]}, seed, {.create_graph = create_graph})[0];
        require_close(alone.array(), values_of(expected[i]), 1e-12, 1e-12);
      }
    }
  }
}

}  // namespace test_batch_norm_gradients
