#include <cmath>

#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_embedding {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Indices below `size`, other than `left_out`.
Array random_indices(Generator& random, const Shape& shape, std::int64_t size, std::int64_t left_out) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(shape.numel()));
  for (auto& index : indices) {
    do index = random.between(0, size - 1);
    while (index == left_out);
  }
  return Array::from(shape, indices);
}

Sample embedding_sample(Generator& random) {
  const std::int64_t rows = random.between(2, 6);
  const Array weight = random.reals({rows, random.between(1, 5)});
  const bool has_padding = random.one_in(2);
  const std::int64_t padding = random.between(0, rows - 1);
  // The padding row is read but gets no gradient, so that its gradient is not a derivative: it is not compared with
  // finite differences.
  const Array indices = random_indices(random, random.shape(0, 3, 4), rows, has_padding ? padding : -1);
  std::vector<std::int64_t> sizes(indices.shape().begin(), indices.shape().end());
  sizes.push_back(weight.size(1));
  const Array positions = indices.to(DType::f64);
  return {.function =
              [=](Inputs in) { return has_padding ? embedding(indices, in[0], padding) : embedding(indices, in[0]); },
          .inputs = {weight},
          .expected = made_of(Shape(sizes),
                              [&](Index index) {
                                const std::int64_t feature = index.back();
                                index.pop_back();
                                return element(weight, {static_cast<std::int64_t>(element(positions, index)), feature});
                              }),
          .options = "indices " + to_string(indices)};
}

}  // namespace

TEST_CASE("operator: embedding") {
  const Array weight = Array::zeros({10, 4});
  const auto call = [](const Array& indices, const Array& table, std::optional<std::int64_t> padding = {}) {
    return [=] { embedding(indices, table, padding); };
  };
  const auto of = [](const Shape& shape, double value) { return Array::full(shape, value, DType::i64); };
  check_operator(
      {.name = "embedding",
       .sample = embedding_sample,
       .on_empty = {{[=](Inputs in) {
                       return embedding(of({0, 3}, 0), in[0]);
                     },
                     {weight},
                     Array::zeros({0, 3, 4})},
                    {[=](Inputs in) { return embedding(of({2}, 1), in[0]); },
                     {Array::zeros({3, 0})},
                     Array::zeros({2, 0})}},
       .rejections = {rejects<ValueError>(call(of({2, 3}, 10), weight),
                                          "embedding: index 10 at [0, 0] is out of range for axis 0 of [10, 4]"),
                      rejects<ValueError>(call(of({1}, -1), weight),
                                          "embedding: index -1 at [0] is out of range for axis 0 of [10, 4]"),
                      rejects<DTypeError>(call(Array::zeros({2}), weight),
                                          "embedding: expected indices of type i64, got f32[2]"),
                      rejects<DTypeError>(call(of({2}, 0), Array::zeros({10, 4}, DType::i64)),
                                          "embedding: expected f32 or f64, got i64"),
                      rejects<ShapeError>(call(of({2}, 0), Array::zeros({10})),
                                          "embedding: expected a weight (V, D) of rank 2, got [10]"),
                      rejects<ValueError>(call(of({2}, 0), weight, 10),
                                          "embedding: padding_idx 10 is outside [0, 10) (weight [10, 4])"),
                      rejects<ValueError>(call(of({2}, 0), weight, -1),
                                          "embedding: padding_idx -1 is outside [0, 10) (weight [10, 4])")},
       .gradients = linear_in_each,
       .tolerance = 0});
}

TEST_CASE("operator: sinusoidal_positions") {
  const auto sample = [](Generator& random) {
    const std::int64_t length = random.between(1, 40), size = random.between(1, 9);
    return Sample{.function = [=](Inputs) { return Tensor(sinusoidal_positions(length, size, DType::f64)); },
                  .inputs = {},
                  .expected = made_of({length, size}, [&](const Index& index) {
                    const long double rate = std::pow(10000.0L, -static_cast<long double>(index[1] / 2 * 2) / size);
                    const long double angle = static_cast<long double>(index[0]) * rate;
                    return index[1] % 2 == 0 ? std::sin(angle) : std::cos(angle);
                  })};
  };
  check_operator({.name = "sinusoidal_positions",
                  .sample = sample,
                  .on_empty = {{[](Inputs) { return Tensor(sinusoidal_positions(0, 4)); }, {}, Array::zeros({0, 4})}},
                  .rejections = {rejects<ValueError>(
                                     [] { sinusoidal_positions(-1, 4); },
                                     "sinusoidal_positions: length must be at least 0 and embed_dim at least 1, got "
                                     "-1 and 4"),
                                 rejects<ValueError>(
                                     [] { sinusoidal_positions(3, 0); },
                                     "sinusoidal_positions: length must be at least 0 and embed_dim at least 1, got "
                                     "3 and 0"),
                                 rejects<DTypeError>([] { sinusoidal_positions(3, 4, DType::i64); },
                                                     "sinusoidal_positions: expected f32 or f64, got i64")},
                  .is_differentiable = false,
                  // Angles up to 40 have an error in their last digit.
                  .tolerance = 40 * 0x1p-52});
}

}  // namespace test_embedding
