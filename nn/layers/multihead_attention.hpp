// The attention layer of transformers.
#pragma once

#include <tapestry/core/random.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

/// The masks of `MultiheadAttention`.
struct AttentionMasks {
  Array key_padding_mask = {};  ///< u8 (N, S): 1 for keys that are padding and ignored
  /// (L, S) or (N, num_heads, L, S): u8, 1 where a query may not attend to a key; or floating, added to the scores.
  Tensor attn_mask = {};
  bool is_causal = false;  ///< query i attends to keys 0 … i only
};

/// Multi-head attention: every head attends over its part of the projected queries, keys and values; the concatenated
/// results are projected again (Vaswani et al., "Attention is all you need", 2017, section 3.2.2). The batch comes
/// first, as with PyTorch's batch_first. Names, layouts and initial values of the parameters are PyTorch's:
/// in_proj_weight (3·E, E) and in_proj_bias (3·E), stacked for queries, keys and values, out_proj.weight and
/// out_proj.bias.
class MultiheadAttention : public ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&, const AttentionMasks&)> {
 public:
  struct Options {
    Required<std::int64_t> embed_dim;  ///< size E of a query, key or value
    Required<std::int64_t> num_heads;  ///< must divide embed_dim
    double dropout = 0;                ///< probability of dropping an attention weight
    bool bias = true;                  ///< adds learnable biases to both projections
  };

  using Masks = AttentionMasks;

  /// Throws a ValueError for options out of range.
  explicit MultiheadAttention(const Options& options);

  /// query (N, L, E), key and value (N, S, E) → (N, L, E). As in PyTorch's layer, 1 masks a key out, the opposite of
  /// `scaled_dot_product_attention`. A query whose keys are all masked gets zeros from every head.
  /// Throws a ShapeError or DTypeError for operands that do not match.
  Tensor forward(const Tensor& query, const Tensor& key, const Tensor& value, const Masks& masks) const override;
  using ModuleOf::operator();
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value) const {
    return (*this)(query, key, value, Masks{});
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<MultiheadAttention>(options_); }

  Tensor heads_of(const Tensor& x, std::int64_t part, std::int64_t parts) const;
  Tensor attn_mask(const Masks& masks, const Tensor& query, const Tensor& key) const;

  Options options_;
  mutable RandomStream stream_;
  Parameter in_proj_weight_, in_proj_bias_;
  Linear& out_proj_;
};

}  // namespace tapestry::nn
