#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/embedding.hpp>
#include <tapestry/nn/sequential.hpp>

#include "core/generate.hpp"

namespace test_embedding {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array indices_of(const Shape& shape, const std::vector<std::int64_t>& values) {
  return Array::from(shape, values);
}

/// Requires mean 0 and the deviation given of at least 1000 numbers: √n · mean and the mean square, whose deviation is
/// √(2/n), to five deviations.
void require_normal(const Array& array, double deviation) {
  const auto values = values_of(array);
  const auto n = static_cast<double>(values.size());
  REQUIRE(n >= 1000);
  double mean = 0, square = 0;
  for (const double value : values) {
    mean += value / deviation / n;
    square += value * value / (deviation * deviation) / n;
  }
  REQUIRE(std::abs(mean) < 5 / std::sqrt(n));
  REQUIRE(std::abs(square - 1) < 5 * std::sqrt(2 / n));
}

}  // namespace

TEST_CASE("an embedding layer looks up indices in a normally initialized weight") {
  manual_seed(1);
  nn::Embedding layer({.num_embeddings = 100, .embedding_dim = 30});
  require_normal(layer.weight().array(), 1);
  REQUIRE(layer.named_parameters()[0].name == "weight");
  const Array indices = indices_of({2, 2}, {7, 99, 0, 7});
  require_equal(layer(indices).array(), embedding(indices, layer.weight()).array());
  nn::Sequential layers = nn::sequential({std::move(layer), nn::Dropout({.p = 0})});
  REQUIRE(layers(indices).shape() == Shape{2, 2, 30});
}

TEST_CASE("the row of padding_idx is initially zero and gets no gradient") {
  nn::Embedding layer({.num_embeddings = 4, .embedding_dim = 2, .padding_idx = 2});
  const Tensor y = layer(indices_of({3}, {2, 1, 2}));
  REQUIRE((y.array().at({0, 0}) == 0 && y.array().at({2, 1}) == 0 && y.array().at({1, 0}) != 0));
  sum(y).backward();
  require_equal(layer.weight().grad().array(), Array::from<float>({4, 2}, {0, 0, 1, 1, 0, 0, 0, 0}));
}

TEST_CASE("positional encodings are added to the first positions") {
  nn::PositionalEncoding fixed({.embed_dim = 6, .max_length = 9, .dropout = 0});
  const Array x = Generator(1).reals({2, 5, 6}).to(DType::f32);
  require_equal(fixed(x).array(), (Tensor(x) + sinusoidal_positions(5, 6)).array());
  REQUIRE(fixed.parameters().empty());
  REQUIRE(fixed.state_dict().empty());
  require_equal(fixed(x.to(DType::f64)).array(),
                (Tensor(x.to(DType::f64)) + sinusoidal_positions(5, 6, DType::f64)).array());

  manual_seed(2);
  nn::LearnedPositionalEncoding learned({.embed_dim = 6, .max_length = 200});
  require_normal(learned.pos_embedding().array(), 0.02);
  REQUIRE(learned.named_parameters()[0].name == "pos_embedding");
  const Tensor y = learned(x);
  require_equal(y.array(), (Tensor(x) + learned.pos_embedding().array().reshape({200, 6}).slice(0, 5)).array());
  sum(y).backward();
  const Array gradient = learned.pos_embedding().grad().array().reshape({200, 6});
  require_equal(gradient.slice(0, 5), Array::full({5, 6}, 2));
  require_equal(gradient.slice(5, 200), Array::zeros({195, 6}));
}

TEST_CASE("positional encoding applies dropout in training only") {
  manual_seed(3);
  nn::PositionalEncoding layer({.embed_dim = 10, .dropout = 0.5});
  const Array x = Array::full({4, 20, 10}, 5);
  const auto values = values_of(layer(x).array());
  const auto zeros = static_cast<double>(std::count(values.begin(), values.end(), 0.0));
  // 800 coins: five deviations of √200.
  REQUIRE(std::abs(zeros - 400) < 71);
  layer.eval();
  require_equal(layer(x).array(), (Tensor(x) + sinusoidal_positions(20, 10)).array());
}

TEST_CASE("patches are embedded row by row") {
  manual_seed(4);
  nn::PatchEmbedding layer({.in_channels = 2, .patch_size = Pair(2, 3), .embed_dim = 5});
  REQUIRE(layer.named_parameters()[0].name == "proj.weight");
  REQUIRE(layer.named_parameters()[1].name == "proj.bias");
  const Array x = Generator(5).reals({3, 2, 4, 9}).to(DType::f32);
  const Array y = layer(x).array();
  REQUIRE(y.shape() == Shape{3, 6, 5});
  const Array weight = layer.parameters()[0].array(), bias = layer.parameters()[1].array();
  for (std::int64_t patch = 0; patch < 6; ++patch) {
    for (std::int64_t k = 0; k < 5; ++k) {
      double sum = bias.at({k});
      for (std::int64_t c = 0; c < 2; ++c) {
        for (std::int64_t i = 0; i < 2; ++i) {
          for (std::int64_t j = 0; j < 3; ++j)
            sum += weight.at({k, c, i, j}) * x.at({1, c, patch / 3 * 2 + i, patch % 3 * 3 + j});
        }
      }
      // A dozen products below 1 in single precision.
      REQUIRE(std::abs(y.at({1, patch, k}) - sum) < 13 * 0x1p-24);
    }
  }
}

TEST_CASE("embedding layers report operands that do not match") {
  REQUIRE_THROWS_MATCHES(nn::Embedding({.num_embeddings = 0, .embedding_dim = 2}), ValueError,
                         Message("Embedding: num_embeddings must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::Embedding({.num_embeddings = 2, .embedding_dim = 0}), ValueError,
                         Message("Embedding: embedding_dim must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::Embedding({.num_embeddings = 2, .embedding_dim = 2, .padding_idx = 2}), ValueError,
                         Message("Embedding: padding_idx 2 is outside [0, 2)"));
  REQUIRE_THROWS_MATCHES(nn::PositionalEncoding({.embed_dim = 0}), ValueError,
                         Message("PositionalEncoding: embed_dim must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::PositionalEncoding({.embed_dim = 4, .dropout = 2}), ValueError,
                         Message("PositionalEncoding: p must be in [0, 1], got 2"));
  REQUIRE_THROWS_MATCHES(nn::LearnedPositionalEncoding({.embed_dim = 4, .max_length = 0}), ValueError,
                         Message("LearnedPositionalEncoding: max_length must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::PatchEmbedding({.patch_size = Pair(2, 0), .embed_dim = 4}), ValueError,
                         Message("PatchEmbedding: patch_size must be at least 1, got 0"));

  nn::PositionalEncoding fixed({.embed_dim = 4, .max_length = 3});
  REQUIRE_THROWS_MATCHES(fixed(Array::zeros({2, 4, 4})), ShapeError,
                         Message("PositionalEncoding: expected (N, L, 4) with L at most 3, got [2, 4, 4]"));
  nn::LearnedPositionalEncoding learned({.embed_dim = 4, .max_length = 3});
  REQUIRE_THROWS_MATCHES(learned(Array::zeros({2, 3, 1})), ShapeError,
                         Message("LearnedPositionalEncoding: expected (N, L, 4) with L at most 3, got [2, 3, 1]"));
  nn::PatchEmbedding patches({.patch_size = 4, .embed_dim = 4});
  REQUIRE_THROWS_MATCHES(
      patches(Array::zeros({2, 3, 8, 10})), ShapeError,
      Message("PatchEmbedding: expected images (N, C, H, W) of whole patches of 4 × 4, got [2, 3, 8, 10]"));
}

}  // namespace test_embedding
