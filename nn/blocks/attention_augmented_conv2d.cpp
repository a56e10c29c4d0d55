#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/attention_augmented_conv2d.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::nn {
namespace {

constexpr const char* layer = "AttentionAugmentedConv2d";

AttentionAugmentedConv2d::Options checked(const AttentionAugmentedConv2d::Options& options) {
  const std::int64_t keys = options.key_channels, values = options.value_channels, heads = options.num_heads;
  if (keys < 1 || values < 1 || heads < 1 || keys % heads != 0 || values % heads != 0) {
    throw ValueError(fmt::format("{}: num_heads {} must divide key_channels {} and value_channels {}, all at least 1",
                                 layer, heads, keys, values));
  }
  const std::int64_t out = options.out_channels;
  if (values >= out) {
    throw ValueError(fmt::format("{}: value_channels {} must be fewer than out_channels {}", layer, values, out));
  }
  const Pair size = options.max_size;
  if (size.height < 1 || size.width < 1) {
    throw ValueError(fmt::format("{}: max_size must be at least 1, got ({}, {})", layer, size.height, size.width));
  }
  return options;
}

Conv2d pointwise(std::int64_t in, std::int64_t out) {
  return Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 1});
}

/// Relative position embeddings (length, length, features): entry (i, j) is the row of `table` for the distance from i
/// to j, where the middle row is distance 0.
Tensor distances(const Tensor& table, std::int64_t length) {
  const std::int64_t middle = table.size(0) / 2;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < length; ++i) {
    for (std::int64_t j = 0; j < length; ++j) rows.push_back(middle + j - i);
  }
  return embedding(Array::from({length, length}, rows), table);
}

}  // namespace

AttentionAugmentedConv2d::AttentionAugmentedConv2d(const Options& options)
    : options_(checked(options)),
      conv_out_(add("conv_out", Conv2d({.in_channels = options.in_channels,
                                        .out_channels = options.out_channels - options.value_channels,
                                        .kernel_size = options.kernel_size,
                                        .padding = Padding::same()}))),
      qkv_conv_(add("qkv_conv", pointwise(options.in_channels, 2 * options.key_channels + options.value_channels))),
      attn_out_(add("attn_out", pointwise(options.value_channels, options.value_channels))) {
  const std::int64_t features = options.key_channels / options.num_heads;
  const double deviation = 1 / std::sqrt(static_cast<double>(features));
  const Pair size = options.max_size;
  key_rel_h_ = add_parameter("key_rel_h", Array::empty({2 * size.height - 1, features}));
  key_rel_w_ = add_parameter("key_rel_w", Array::empty({2 * size.width - 1, features}));
  init::normal(key_rel_h_, 0, deviation);
  init::normal(key_rel_w_, 0, deviation);
}

/// Queries (N, heads, H, W, features) → the scores of the relative positions of the keys (N, heads, H·W, H·W).
Tensor AttentionAugmentedConv2d::position_scores(const Tensor& grid) const {
  const std::int64_t n = grid.size(0), heads = grid.size(1), h = grid.size(2), w = grid.size(3), size = grid.size(4);
  const Tensor by_row = reshape(permute(grid, {2, 0, 1, 3, 4}), {h, n * heads * w, size});
  const Tensor rows = matmul(by_row, transpose(distances(key_rel_h_, h), 1, 2));
  const Tensor by_column = reshape(permute(grid, {3, 0, 1, 2, 4}), {w, n * heads * h, size});
  const Tensor columns = matmul(by_column, transpose(distances(key_rel_w_, w), 1, 2));
  const Tensor scores = permute(reshape(rows, {h, n, heads, w, h, 1}), {1, 2, 0, 3, 4, 5}) +
                        permute(reshape(columns, {w, n, heads, h, 1, w}), {1, 2, 3, 0, 4, 5});
  return reshape(scores, {n, heads, h * w, h * w});
}

/// (N, in_channels, H, W) → (N, value_channels, H, W), before the last projection.
Tensor AttentionAugmentedConv2d::attend(const Tensor& x) const {
  const std::int64_t n = x.size(0), h = x.size(2), w = x.size(3), heads = options_.num_heads;
  const std::int64_t keys = options_.key_channels, values = options_.value_channels;
  const auto of_heads = [&](const Tensor& part) {
    return permute(reshape(part, {n, h * w, heads, part.size(3) / heads}), {0, 2, 1, 3});
  };
  const std::vector<Tensor> parts = split(permute(qkv_conv_(x), {0, 2, 3, 1}), {keys, keys, values}, 3);
  const Tensor query = of_heads(parts[0]) / std::sqrt(static_cast<double>(keys / heads));
  const Tensor positions = position_scores(reshape(query, {n, heads, h, w, keys / heads}));
  const Tensor attended = scaled_dot_product_attention(query, of_heads(parts[1]), of_heads(parts[2]),
                                                       {.attn_mask = positions, .scale = 1.0});
  return permute(reshape(permute(attended, {0, 2, 1, 3}), {n, h, w, values}), {0, 3, 1, 2});
}

Tensor AttentionAugmentedConv2d::forward(const Tensor& x) const {
  const Pair size = options_.max_size;
  if (x.rank() != 4 || x.size(1) != options_.in_channels || x.size(2) > size.height || x.size(3) > size.width) {
    throw ShapeError(fmt::format("{}: expected images (N, {}, H, W) of at most {} × {} pixels, got {}", layer,
                                 options_.in_channels.get(), size.height, size.width, to_string(x.shape())));
  }
  return cat({conv_out_(x), attn_out_(attend(x))}, 1);
}

}  // namespace tapestry::nn
