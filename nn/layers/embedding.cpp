#include <algorithm>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/embedding.hpp>

namespace tapestry::nn {
namespace {

void check_positions(std::string_view layer, const Tensor& x, std::int64_t max_length, std::int64_t size) {
  if (x.rank() == 3 && x.size(1) <= max_length && x.size(2) == size) return;
  throw ShapeError(
      fmt::format("{}: expected (N, L, {}) with L at most {}, got {}", layer, size, max_length, to_string(x.shape())));
}

Shape checked_table(const Embedding::Options& options) {
  check_positive("Embedding", "num_embeddings", options.num_embeddings);
  check_positive("Embedding", "embedding_dim", options.embedding_dim);
  const std::int64_t padding = options.padding_idx.value_or(0);
  if (padding < 0 || padding >= options.num_embeddings) {
    throw ValueError(
        fmt::format("Embedding: padding_idx {} is outside [0, {})", padding, options.num_embeddings.get()));
  }
  return {options.num_embeddings, options.embedding_dim};
}

Shape checked_pos_embedding(const LearnedPositionalEncoding::Options& options) {
  check_positive("LearnedPositionalEncoding", "embed_dim", options.embed_dim);
  check_positive("LearnedPositionalEncoding", "max_length", options.max_length);
  return {1, options.max_length, options.embed_dim};
}

Array checked_positions(const PositionalEncoding::Options& options) {
  check_positive("PositionalEncoding", "embed_dim", options.embed_dim);
  check_positive("PositionalEncoding", "max_length", options.max_length);
  check_dropout_probability("PositionalEncoding", options.dropout);
  return sinusoidal_positions(options.max_length, options.embed_dim, DType::f64);
}

Conv2d projection(const PatchEmbedding::Options& options) {
  check_positive("PatchEmbedding", "in_channels", options.in_channels);
  check_positive("PatchEmbedding", "embed_dim", options.embed_dim);
  check_positive("PatchEmbedding", "patch_size",
                 std::min(options.patch_size.get().height, options.patch_size.get().width));
  return Conv2d({.in_channels = options.in_channels,
                 .out_channels = options.embed_dim,
                 .kernel_size = options.patch_size,
                 .stride = options.patch_size,
                 .bias = options.bias});
}

}  // namespace

Embedding::Embedding(const Options& options)
    : options_(options), weight_(add_parameter("weight", new_random_stream().normal(checked_table(options)))) {
  if (const auto padding = options.padding_idx) Array(weight_->array()).slice(*padding, *padding + 1).fill(0);
}

Tensor Embedding::forward(const Tensor& indices) const {
  return embedding(indices.array(), weight_, options_.padding_idx);
}

PositionalEncoding::PositionalEncoding(const Options& options)
    : options_(options),
      positions_(checked_positions(options)),
      dropout_(add("dropout", Dropout({.p = options.dropout}))) {}

Tensor PositionalEncoding::forward(const Tensor& x) const {
  check_positions("PositionalEncoding", x, options_.max_length, options_.embed_dim);
  return dropout_(x + positions_.slice(0, x.size(1)).to(x.dtype()));
}

LearnedPositionalEncoding::LearnedPositionalEncoding(const Options& options)
    : options_(options),
      pos_embedding_(
          add_parameter("pos_embedding", new_random_stream().normal(checked_pos_embedding(options), 0, 0.02))) {}

Tensor LearnedPositionalEncoding::forward(const Tensor& x) const {
  check_positions("LearnedPositionalEncoding", x, options_.max_length, options_.embed_dim);
  return x + slice(pos_embedding_, 1, 0, x.size(1));
}

PatchEmbedding::PatchEmbedding(const Options& options) : options_(options), proj_(add("proj", projection(options))) {}

Tensor PatchEmbedding::forward(const Tensor& x) const {
  const Pair patch = options_.patch_size;
  if (x.rank() != 4 || x.size(2) % patch.height != 0 || x.size(3) % patch.width != 0) {
    throw ShapeError(fmt::format("PatchEmbedding: expected images (N, C, H, W) of whole patches of {} × {}, got {}",
                                 patch.height, patch.width, to_string(x.shape())));
  }
  return transpose(flatten(proj_(x), 2), 1, 2);
}

}  // namespace tapestry::nn
