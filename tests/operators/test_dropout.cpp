#include <cmath>

#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_dropout {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Factors of at most 1 / (1 − 0.9) = 10, one per element: no sums, and a difference over 2 is exact except for
/// rounding.
constexpr GradcheckOptions linear_elements = {.step = 1, .atol = 1e-11, .rtol = 1e-11};

/// A probability that is sometimes 0 or 1.
double random_p(Generator& random) {
  if (random.one_in(8)) return random.one_in(2) ? 0 : 1;
  return random.real(0, 0.9);
}

RandomStream random_stream(Generator& random) {
  return {.seed = static_cast<std::uint64_t>(random.between(0, 1000)), .stream = 3, .step = 5};
}

/// Numbers in [0, 1) as the stream draws them: an element is dropped when its number is below p.
Array draws_of(RandomStream stream, const Shape& shape) {
  return stream.uniform(shape).to(DType::f64);
}

/// A call that copies the stream, so that every call draws the same numbers.
template <class Drop>
Sample dropped(const Array& x, const RandomStream& stream, const Drop& drop, const Array& expected, double p) {
  return {.function =
              [=](Inputs in) {
                RandomStream copy = stream;
                return drop(in[0], copy);
              },
          .inputs = {x},
          .expected = expected,
          .options = "p " + std::to_string(p)};
}

template <class Operator>
Sample sample_of_elements(Generator& random, Operator operation) {
  const Array x = random.reals(random.shape(0, 4, 5));
  const double p = random_p(random);
  const RandomStream stream = random_stream(random);
  const Array draws = draws_of(stream, x.shape());
  const Array expected = made_of(
      x.shape(), [&](const Index& index) { return element(draws, index) < p ? 0 : element(x, index) / (1 - p); });
  return dropped(
      x, stream, [=](const Tensor& in, RandomStream& s) { return operation(in, p, s); }, expected, p);
}

template <class Operator>
std::vector<Rejection> rejections_of(const std::string& name, const Array& x, Operator operation) {
  const auto dropping = [=](double p, DType dtype) {
    return [=] {
      RandomStream stream;
      try {
        operation(x.to(dtype), p, stream);
      } catch (...) {
        REQUIRE(stream.step == 0);
        throw;
      }
    };
  };
  return {rejects<ValueError>(dropping(1.5, DType::f32), name + ": p must be in [0, 1], got 1.5"),
          rejects<ValueError>(dropping(-0.25, DType::f32), name + ": p must be in [0, 1], got -0.25"),
          rejects<ValueError>(dropping(std::nan(""), DType::f32), name + ": p must be in [0, 1], got nan"),
          rejects<DTypeError>(dropping(0.5, DType::i64), name + ": expected f32 or f64, got i64"),
          rejects<DTypeError>(dropping(0, DType::u8), name + ": expected f32 or f64, got u8")};
}

template <class Operator>
Sample on_empty_of(const Shape& shape, Operator operation) {
  return dropped(
      Array::zeros(shape), {}, [=](const Tensor& x, RandomStream& stream) { return operation(x, 0.5, stream); },
      Array::zeros(shape), 0.5);
}

}  // namespace

TEST_CASE("operator: dropout") {
  check_operator({.name = "dropout",
                  .sample = [](Generator& random) { return sample_of_elements(random, dropout); },
                  .on_empty = {on_empty_of({0, 3}, dropout)},
                  .rejections = rejections_of("dropout", Array::zeros({2}), dropout),
                  .gradients = linear_elements});
}

TEST_CASE("operator: drop_connect") {
  check_operator({.name = "drop_connect",
                  .sample = [](Generator& random) { return sample_of_elements(random, drop_connect); },
                  .on_empty = {on_empty_of({4, 0}, drop_connect)},
                  .rejections = rejections_of("drop_connect", Array::zeros({2, 3}), drop_connect),
                  .gradients = linear_elements});
}

TEST_CASE("operator: dropout2d") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(4, 4, 5));
    const double p = random_p(random);
    const RandomStream stream = random_stream(random);
    const Array draws = draws_of(stream, {x.size(0), x.size(1)});
    const Array expected = made_of(x.shape(), [&](const Index& index) {
      return element(draws, {index[0], index[1]}) < p ? 0 : element(x, index) / (1 - p);
    });
    return dropped(
        x, stream, [=](const Tensor& in, RandomStream& s) { return dropout2d(in, p, s); }, expected, p);
  };
  check_operator({.name = "dropout2d",
                  .sample = sample,
                  .on_empty = {on_empty_of({0, 3, 4, 5}, dropout2d), on_empty_of({2, 3, 0, 5}, dropout2d)},
                  .rejections = with(rejections_of("dropout2d", Array::zeros({1, 2, 3, 4}), dropout2d),
                                     {rejects<ShapeError>(
                                         [] {
                                           RandomStream stream;
                                           dropout2d(Array::zeros({2, 3, 4}), 0.5, stream);
                                         },
                                         "dropout2d: expected an input (N, C, H, W) of rank 4, got [2, 3, 4]")}),
                  .gradients = linear_elements});
}

TEST_CASE("operator: stochastic_depth") {
  const auto sample = [](Generator& random) {
    const auto mode = random.one_in(3) ? StochasticDepthMode::batch : StochasticDepthMode::row;
    const Array x = random.reals(random.shape(1, 4, 5));
    const double p = random_p(random);
    const RandomStream stream = random_stream(random);
    const Array draws = draws_of(stream, {x.size(0)});
    const Array expected = made_of(x.shape(), [&](const Index& index) {
      const double draw = element(draws, {mode == StochasticDepthMode::row ? index[0] : 0});
      return draw < p ? 0 : element(x, index) / (1 - p);
    });
    return dropped(
        x, stream, [=](const Tensor& in, RandomStream& s) { return stochastic_depth(in, p, s, mode); }, expected, p);
  };
  const auto by_row = [](const Tensor& x, double p, RandomStream& stream) { return stochastic_depth(x, p, stream); };
  check_operator({.name = "stochastic_depth",
                  .sample = sample,
                  .on_empty = {on_empty_of({0, 3}, by_row)},
                  .rejections = with(rejections_of("stochastic_depth", Array::zeros({2, 3}), by_row),
                                     {rejects<ShapeError>(
                                         [] {
                                           RandomStream stream;
                                           stochastic_depth(Array::scalar(1), 0.5, stream);
                                         },
                                         "stochastic_depth: expected samples (N, …) in mode row, got a scalar")}),
                  .configurations = 40,
                  .gradients = linear_elements});
}

TEST_CASE("operator: drop_block2d") {
  const auto sample = [](Generator& random) {
    const Array x =
        random.reals({random.between(1, 3), random.between(1, 3), random.between(1, 7), random.between(1, 6)});
    const std::int64_t size = random.between(1, std::min(x.size(2), x.size(3)));
    const double p = random_p(random);
    const RandomStream stream = random_stream(random);
    const std::int64_t rows = x.size(2) - size + 1, columns = x.size(3) - size + 1;
    const Array draws = draws_of(stream, {x.size(0), x.size(1), rows, columns});
    const double gamma = p / static_cast<double>(size * size) * static_cast<double>(x.size(2) * x.size(3)) /
                         static_cast<double>(rows * columns);
    double kept = 0;
    const auto is_kept = [&](const Index& index) {
      for (std::int64_t i = std::max<std::int64_t>(0, index[2] - size + 1); i <= std::min(index[2], rows - 1); ++i) {
        for (std::int64_t j = std::max<std::int64_t>(0, index[3] - size + 1); j <= std::min(index[3], columns - 1);
             ++j) {
          if (element(draws, {index[0], index[1], i, j}) < gamma) return false;
        }
      }
      return p < 1;
    };
    (void)made_of(x.shape(), [&](const Index& index) { return kept += is_kept(index) ? 1 : 0; });
    const Array expected = made_of(x.shape(), [&](const Index& index) {
      return is_kept(index) ? element(x, index) * (static_cast<double>(x.numel()) / kept) : 0;
    });
    Sample result = dropped(
        x, stream, [=](const Tensor& in, RandomStream& s) { return drop_block2d(in, p, size, s); }, expected, p);
    result.options += ", block_size " + std::to_string(size);
    return result;
  };
  const auto by_two = [](const Tensor& x, double p, RandomStream& stream) { return drop_block2d(x, p, 2, stream); };
  const auto call = [](const Shape& shape, std::int64_t size) {
    return [=] {
      RandomStream stream;
      drop_block2d(Array::zeros(shape), 0, size, stream);
    };
  };
  auto rejections = rejections_of("drop_block2d", Array::zeros({1, 2, 3, 4}), by_two);
  rejections.push_back(
      rejects<ShapeError>(call({2, 3, 4}, 2), "drop_block2d: expected an input (N, C, H, W) of rank 4, got [2, 3, 4]"));
  rejections.push_back(rejects<ShapeError>(
      call({1, 2, 5, 4}, 5), "drop_block2d: a block of 5 × 5 does not fit into maps of 5 × 4 (input [1, 2, 5, 4])"));
  rejections.push_back(
      rejects<ValueError>(call({1, 2, 3, 4}, 0), "drop_block2d: block_size must be at least 1, got 0"));
  check_operator({.name = "drop_block2d",
                  .sample = sample,
                  .on_empty = {on_empty_of({0, 3, 4, 5}, by_two)},
                  .rejections = rejections,
                  .configurations = 60,
                  // The factor is at most 126, the number of elements, when a single one is kept.
                  .gradients = {.step = 1, .atol = 1e-10, .rtol = 1e-11}});
}

TEST_CASE("operator: alpha_dropout") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 5));
    const double p = random_p(random);
    const RandomStream stream = random_stream(random);
    const Array draws = draws_of(stream, x.shape());
    const double saturation = -1.0507009873554805 * 1.6732632423543772;
    const double q = 1 - p;
    const double a = 1 / std::sqrt(q + saturation * saturation * q * (1 - q));
    const double b = -a * (1 - q) * saturation;
    const Array expected = made_of(x.shape(), [&](const Index& index) {
      if (p == 1) return 0.0;
      return a * (element(draws, index) < p ? saturation : element(x, index)) + b;
    });
    return dropped(
        x, stream, [=](const Tensor& in, RandomStream& s) { return alpha_dropout(in, p, s); }, expected, p);
  };
  check_operator({.name = "alpha_dropout",
                  .sample = sample,
                  .on_empty = {on_empty_of({0, 3}, alpha_dropout)},
                  .rejections = rejections_of("alpha_dropout", Array::zeros({2}), alpha_dropout),
                  .gradients = linear_elements});
}

}  // namespace test_dropout
