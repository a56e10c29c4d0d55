#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>

namespace tapestry::nn {
namespace {

MultiheadAttention::Options checked(const MultiheadAttention::Options& options) {
  const std::int64_t size = options.embed_dim, heads = options.num_heads;
  if (size < 1 || heads < 1 || size % heads != 0) {
    throw ValueError(
        fmt::format("MultiheadAttention: num_heads {} must divide embed_dim {}, both at least 1", heads, size));
  }
  check_dropout_probability("MultiheadAttention", options.dropout);
  return options;
}

/// 1 where a mask is 0.
Array inverted(const Array& mask) {
  return eq(mask, 0);
}

}  // namespace

MultiheadAttention::MultiheadAttention(const Options& options)
    : options_(checked(options)),
      stream_(new_random_stream()),
      in_proj_weight_(add_parameter("in_proj_weight", Array::empty({3 * options.embed_dim, options.embed_dim}))),
      out_proj_(
          add("out_proj",
              Linear({.in_features = options.embed_dim, .out_features = options.embed_dim, .bias = options.bias}))) {
  // Glorot and Bengio, 2010, for all three projections as one.
  const double bound = std::sqrt(6 / static_cast<double>(4 * options.embed_dim));
  init::uniform(in_proj_weight_, -bound, bound);
  if (!options.bias) return;
  in_proj_bias_ = add_parameter("in_proj_bias", Array::zeros({3 * options.embed_dim}));
  init::constant(out_proj_.bias(), 0);
}

/// Projection number `part` and the parts − 1 that follow it: (parts, N, num_heads, length, size of a head).
Tensor MultiheadAttention::heads_of(const Tensor& x, std::int64_t part, std::int64_t parts) const {
  const std::int64_t size = options_.embed_dim, heads = options_.num_heads;
  const std::int64_t begin = part * size, end = begin + parts * size;
  const Tensor weight = parts == 3 ? in_proj_weight_ : slice(in_proj_weight_, 0, begin, end);
  const Tensor bias = in_proj_bias_.defined() ? slice(in_proj_bias_, 0, begin, end) : Tensor();
  const Tensor projected = linear(x, weight, bias);
  const Tensor split = reshape(projected, {x.size(0), x.size(1), parts, heads, size / heads});
  return permute(split, {2, 0, 3, 1, 4});
}

/// The masks as `scaled_dot_product_attention` takes them.
Tensor MultiheadAttention::attn_mask(const Masks& masks, const Tensor& query, const Tensor& key) const {
  Tensor mask = masks.attn_mask;
  const bool is_boolean = mask.defined() && mask.dtype() == DType::u8;
  if (is_boolean) mask = inverted(mask.array());
  const Array& padding = masks.key_padding_mask;
  if (!padding.defined()) return mask;
  if (padding.dtype() != DType::u8 || padding.shape() != Shape{key.size(0), key.size(1)}) {
    throw ShapeError(fmt::format("MultiheadAttention: expected a key_padding_mask u8[{}, {}] (key {}), got {}",
                                 key.size(0), key.size(1), to_string(key.shape()), to_string(padding)));
  }
  const Array seen = inverted(padding).reshape({key.size(0), 1, 1, key.size(1)});
  if (!mask.defined()) return seen;
  if (is_boolean) return eq(where(seen, Tensor(mask.array().to(query.dtype())), 0.0), 1);
  return where(seen, mask, -std::numeric_limits<double>::infinity());
}

Tensor MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                   const Masks& masks) const {
  const std::int64_t size = options_.embed_dim;
  for (const Tensor* x : {&query, &key, &value}) {
    if (x->rank() == 3 && x->size(2) == size && x->size(0) == query.size(0) &&
        (x == &query || x->size(1) == key.size(1)))
      continue;
    throw ShapeError(fmt::format(
        "MultiheadAttention: expected a query (N, L, {0}), a key and a value (N, S, {0}), got {1}, {2} and {3}", size,
        to_string(query.shape()), to_string(key.shape()), to_string(value.shape())));
  }
  const AttentionOptions options = {.attn_mask = attn_mask(masks, query, key),
                                    .dropout_p = is_training() ? options_.dropout : 0,
                                    .is_causal = masks.is_causal,
                                    .stream = &stream_};
  Tensor q, k, v;
  const auto part = [](const Tensor& all, std::int64_t i) { return squeeze(slice(all, 0, i, i + 1), 0); };
  if (query.is_same(key) && key.is_same(value)) {
    const Tensor all = heads_of(query, 0, 3);
    q = part(all, 0);
    k = part(all, 1);
    v = part(all, 2);
  } else {
    q = part(heads_of(query, 0, 1), 0);
    k = part(heads_of(key, 1, 1), 0);
    v = part(heads_of(value, 2, 1), 0);
  }
  const Tensor attended = scaled_dot_product_attention(q, k, v, options);
  return out_proj_(reshape(permute(attended, {0, 2, 1, 3}), query.shape()));
}

}  // namespace tapestry::nn
