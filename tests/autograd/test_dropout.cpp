#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/dropout.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/threads.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Dropout that begins at the same place of its stream in every call.
CheckedFunction dropped(double p, const RandomStream& stream) {
  return [=](const std::vector<Tensor>& in) {
    RandomStream copy = stream;
    return dropout(in[0], p, copy);
  };
}

/// 1 where an element is kept.
std::vector<double> mask(const Shape& shape, double p, RandomStream stream, DType dtype = DType::f32) {
  std::vector<double> values = values_of(dropout(Array::full(shape, 1, dtype), p, stream).array());
  for (double& value : values) value = value == 0 ? 0 : 1;
  return values;
}

}  // namespace

TEST_CASE("dropout has right gradients of both orders in both types and formats") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals(random.shape(0, 4, 4));
    const CheckedFunction function = dropped(random.real(0, 1), {.seed = 2, .step = static_cast<std::uint64_t>(i)});
    // The factor 1 / (1 − p), at most some hundreds, is rounded to f32.
    require_operator(function, {x}, {.gradients = {.step = 1, .atol = 1e-9, .rtol = 1e-11}, .f32_tolerance = 1e-6});
  }
}

TEST_CASE("dropout keeps an element times the inverse of what is kept or makes it zero") {
  RandomStream stream{.seed = 3};
  const Array x = Generator(2).reals({40, 50}, 1, 2);
  const auto before = values_of(x);
  const auto after = values_of(dropout(x, 0.2, stream).array());
  std::int64_t zeros = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    REQUIRE((after[i] == 0 || after[i] == before[i] * (1 / (1 - 0.2))));
    zeros += after[i] == 0 ? 1 : 0;
  }
  // Five standard deviations √(n·p·(1 − p)) of the count.
  REQUIRE(std::abs(static_cast<double>(zeros) - 2000 * 0.2) < 5 * std::sqrt(2000 * 0.2 * 0.8));
}

TEST_CASE("p of 0 gives the identical bits and p of 1 zeros with zero gradients") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Array x = f64({5}, {1.5, -0.0, NAN, infinity, 1e-310});
  RandomStream stream{.seed = 4};
  const Tensor same = dropout(x, 0, stream);
  const auto bits = [](const Array& array) {
    std::vector<std::int64_t> result(static_cast<std::size_t>(array.numel()));
    std::memcpy(result.data(), array.data<double>(), static_cast<std::size_t>(array.bytes()));
    return result;
  };
  REQUIRE(bits(same.array()) == bits(x));

  const Tensor leaf_x = leaf(x);
  const Tensor none = dropout(leaf_x, 1, stream);
  require_equal(none.array(), Array::zeros({5}, DType::f64));
  none.backward(f64({5}, {1, NAN, infinity, -2, 3}), {});
  require_equal(leaf_x.grad().array(), Array::zeros({5}, DType::f64));
  REQUIRE(stream.step == 2);
}

TEST_CASE("a dropped infinity is zero and a kept one stays") {
  const double infinity = std::numeric_limits<double>::infinity();
  RandomStream stream{.seed = 5};
  const auto kept = mask({100}, 0.5, stream);
  const auto values = values_of(dropout(Array::full({100}, infinity), 0.5, stream).array());
  for (std::size_t i = 0; i < 100; ++i) REQUIRE(values[i] == (kept[i] == 0 ? 0 : infinity));
}

TEST_CASE("p that is no probability is refused and the stream stays where it is") {
  RandomStream stream{.seed = 6};
  for (const double p : {-0.1, 1.0001, std::nan(""), std::numeric_limits<double>::infinity()}) {
    REQUIRE_THROWS_AS(dropout(Array::zeros({2}), p, stream), ValueError);
  }
  REQUIRE_THROWS_WITH(dropout(Array::zeros({2}), 1.5, stream), "dropout: p must be in [0, 1], got 1.5");
  REQUIRE_THROWS_WITH(dropout(Array::zeros({2}), std::nan(""), stream), "dropout: p must be in [0, 1], got nan");
  REQUIRE_THROWS_WITH(check_dropout_probability("drop_path", -1), "drop_path: p must be in [0, 1], got -1");
  REQUIRE_THROWS_AS(dropout(Array::zeros({2}, DType::i64), 0.5, stream), DTypeError);
  REQUIRE_THROWS_WITH(dropout(Array::zeros({2}, DType::i64), 0, stream), "dropout: expected f32 or f64, got i64");
  REQUIRE(stream.step == 0);
}

TEST_CASE("the mask is the same at any number of threads") {
  const int before = num_threads();
  const RandomStream stream{.seed = 7};
  set_num_threads(1);
  const auto wanted = mask({3, 7, 41, 43}, 0.3, stream);
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    REQUIRE(mask({3, 7, 41, 43}, 0.3, stream) == wanted);
  }
  set_num_threads(before);
}

TEST_CASE("the mask differs per stream and step and not per type") {
  const Shape shape = {200};
  const auto one = mask(shape, 0.5, {.seed = 8, .stream = 1, .step = 1});
  REQUIRE(mask(shape, 0.5, {.seed = 8, .stream = 1, .step = 1}) == one);
  REQUIRE(mask(shape, 0.5, {.seed = 8, .stream = 2, .step = 1}) != one);
  REQUIRE(mask(shape, 0.5, {.seed = 8, .stream = 1, .step = 2}) != one);
  REQUIRE(mask(shape, 0.5, {.seed = 9, .stream = 1, .step = 1}) != one);
  REQUIRE(mask(shape, 0.5, {.seed = 8, .stream = 1, .step = 1}, DType::f64) == one);

  RandomStream stream{.seed = 8};
  const Tensor x = Array::full(shape, 1);
  REQUIRE(values_of(dropout(x, 0.5, stream).array()) != values_of(dropout(x, 0.5, stream).array()));
  REQUIRE(stream.step == 2);
}

TEST_CASE("the mask goes by the element in row-major order whatever the memory format") {
  const Array x = Array::full({2, 3, 5, 7}, 1);
  RandomStream one{.seed = 9}, other{.seed = 9};
  const Tensor image = dropout(in_channels_last(x), 0.5, one);
  REQUIRE(image.array().format() == MemoryFormat::channels_last);
  require_equal(image.array(), dropout(x, 0.5, other).array());
}

TEST_CASE("backward uses the mask of the forward pass although the stream has moved on") {
  RandomStream stream{.seed = 10};
  const Tensor x = leaf(Array::full({300}, 3));
  const Tensor y = dropout(x, 0.5, stream);
  (void)dropout(x, 0.5, stream);
  y.backward(Array::full({300}, 3), {});
  require_equal(x.grad().array(), y.array());
}

TEST_CASE("dropout of an empty batch is empty") {
  require_works_on_nothing(dropped(0.5, {.seed = 11}), {Array::zeros({0, 3})}, {0, 3});
}
