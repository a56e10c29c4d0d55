// Attention.
#pragma once

#include <optional>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/random.hpp>

namespace tapestry {

struct AttentionOptions {
  /// Broadcast to (…, L, S). A u8 mask is 1 where a query may attend to a key and 0 where not; a floating mask is added
  /// to the scores, where −∞ means not. A masked key or value contributes nothing, even if it is NaN or infinite.
  Tensor attn_mask = {};
  double dropout_p = 0;              ///< the probability of dropping a weight, in training
  bool is_causal = false;            ///< query i attends to keys 0 … i only, even where the mask allows more
  std::optional<double> scale = {};  ///< multiplies the scores; 1 / √E by default
  RandomStream* stream = nullptr;    ///< random numbers for dropout; required when dropout_p > 0
};

/// softmax(scale · query · keyᵀ + mask) · value: for every query, the mean of the values weighted by how well their
/// keys match. A query that may attend to no key gives zeros, and zero gradients.
///
/// Shapes: query (…, L, E), key (…, S, E), value (…, S, V) with the same leading axes → (…, L, V).
/// Throws: ShapeError for operands or a mask that do not fit, DTypeError unless all are of one floating dtype (a mask
/// may be u8), ValueError for a dropout_p outside [0, 1] or without a stream.
/// Source: Vaswani et al., "Attention is all you need", 2017 (equation 1); PyTorch's `scaled_dot_product_attention`.
/// Example: scaled_dot_product_attention(Array::zeros({2, 3}), Array::zeros({4, 3}), Array::full({4, 1},
/// 5)).array().at({1, 0}) == 5
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options = {});

}  // namespace tapestry
