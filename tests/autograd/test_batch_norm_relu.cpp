#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>

#include "batch_norm_cases.hpp"
#include "kernels/execution.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Case {
  Array x, mean, variance, weight, bias, seed;
  bool training;
};

/// Values and all gradients of `function(x, weight, bias)`.
template <class Function>
std::vector<Array> evaluated(const Case& c, const Function& function) {
  const std::vector<Tensor> leaves = {Tensor(c.x).set_requires_grad(), Tensor(c.weight).set_requires_grad(),
                                      Tensor(c.bias).set_requires_grad()};
  const Tensor y = function(leaves[0], leaves[1], leaves[2]);
  std::vector<Array> all = {y.array()};
  for (const Tensor& gradient : grad(y, leaves, c.seed)) all.push_back(gradient.array());
  return all;
}

/// Requires the bits of both operators one after the other.
void require_two_operators(const Case& c) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bound : {infinity, 6.0}) {
    const auto one = evaluated(c, [&](const Tensor& x, const Tensor& weight, const Tensor& bias) {
      return batch_norm_relu(x, c.mean.clone(), c.variance.clone(), weight, bias,
                             {.training = c.training, .max_value = bound});
    });
    const auto two = evaluated(c, [&](const Tensor& x, const Tensor& weight, const Tensor& bias) {
      const Tensor y = batch_norm(x, c.mean.clone(), c.variance.clone(), weight, bias, {.training = c.training});
      return bound == 6 ? relu6(y) : relu(y);
    });
    for (std::size_t i = 0; i < one.size(); ++i) {
      INFO("result " << i);
      require_same(values_of(one[i]), values_of(two[i]));
    }
  }
}

Case made_up(std::int64_t channels, DType dtype, bool training) {
  const Shape shape = {3, channels, 5, 7};
  return {.x = normal(shape, 0.5, 2, dtype),
          .mean = Array::full({channels}, 0.25, dtype),
          .variance = Array::full({channels}, 1.5, dtype),
          .weight = normal({channels}, 3, 2, dtype, 4),
          .bias = normal({channels}, 1, 3, dtype, 5),
          .seed = normal(shape, 0, 1, dtype, 6),
          .training = training};
}

}  // namespace

TEST_CASE("batch_norm_relu has the bits of the two operators on every instruction set") {
  for (const std::int64_t channels : {1, 3, 8, 11, 16, 23, 37, 64, 101}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      for_each_target([&] {
        for (const bool training : {true, false}) require_two_operators(made_up(channels, dtype, training));
      });
    }
  }
}

TEST_CASE("batch_norm_relu has the bits of the two operators at the kinks and beside NaN and infinity") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const bool training : {true, false}) {
      Case c = made_up(5, dtype, training);
      // Evaluation gives (x − 0.25) · weight: exactly 0 and 6, and the numbers of T beside them.
      c.variance = Array::full({5}, 1 - 1e-5, DType::f64);
      c.weight = Array::full({5}, 1, dtype);
      c.bias = Array::zeros({5}, dtype);
      visit_floating("test", dtype, [&]<class T>() {
        T* x = c.x.mutable_data<T>();
        const T zero = T(0.25), six = T(6.25), far = std::numeric_limits<T>::max();
        const T near[] = {zero, std::nextafter(zero, T(-1)), std::nextafter(zero, T(1)),
                          six,  std::nextafter(six, T(0)),   std::nextafter(six, T(9))};
        std::copy(std::begin(near), std::end(near), x);
        std::copy(std::begin(near), std::end(near), x + 35);
        for (int i = 70; i < 105; ++i) x[i] = 7;  // the first image of a channel; the others below
        x[105] = std::numeric_limits<T>::quiet_NaN();
        x[140] = std::numeric_limits<T>::infinity();
        x[141] = -std::numeric_limits<T>::infinity();
        x[142] = far;
      });
      require_two_operators(c);
    }
  }
  // A constant channel comes out as its bias: at the lower kink, at the upper one, between and beyond.
  Case constant = made_up(5, DType::f32, true);
  constant.x.fill(3);
  constant.bias = Array::from({5}, std::vector<float>{0, 6, 2, -1, 7});
  require_two_operators(constant);
}

TEST_CASE("batch_norm_relu gives the same bits at any number of threads") {
  const Case c = {.x = normal({5, 19, 67, 61}, 1, 2, DType::f32).contiguous(channels_last),
                  .mean = Array::zeros({19}),
                  .variance = Array::full({19}, 1),
                  .weight = normal({19}, 1, 0.5, DType::f32, 4),
                  .bias = Array::zeros({19}),
                  .seed = normal({5, 19, 67, 61}, 0, 1, DType::f32, 6).contiguous(channels_last),
                  .training = true};
  std::vector<std::vector<double>> results;
  for_each_thread_count([&] {
    std::vector<double> all;
    const auto function = [&](const Tensor& x, const Tensor& weight, const Tensor& bias) {
      return batch_norm_relu(x, {}, {}, weight, bias, {.training = true});
    };
    for (const Array& array : evaluated(c, function)) {
      const auto values = values_of(array);
      all.insert(all.end(), values.begin(), values.end());
    }
    results.push_back(std::move(all));
    REQUIRE(results.back() == results.front());
  });
}

TEST_CASE("batch_norm_relu saves x alone") {
  const Array x = normal({2, 3, 4, 5}, 0, 1), c3 = Array::full({3}, 1, DType::f64);
  const auto saved_by = [&](const Tensor& image, const Tensor& weight, const Tensor& bias, bool training) {
    const auto before = tape_statistics().saved_bytes;
    const Tensor y = batch_norm_relu(image, c3.clone(), c3.clone(), weight, bias, {.training = training});
    return tape_statistics().saved_bytes - before;
  };
  const auto asks = [](const Array& value) { return Tensor(value).set_requires_grad(); };
  for (const bool training : {true, false}) {
    REQUIRE(saved_by(asks(x), c3, {}, training) == x.bytes() + c3.bytes());
    REQUIRE(saved_by(x, asks(c3), {}, training) == x.bytes());
    REQUIRE(saved_by(x, {}, asks(c3), training) == x.bytes());
    REQUIRE(saved_by(x, c3, c3, training) == 0);
  }
}
