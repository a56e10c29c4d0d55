// Attention.
#pragma once

#include <optional>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/random.hpp>

namespace tapestry {

struct AttentionOptions {
  /// Broadcast to (…, L, S). Of type u8: 1 where a query may look at a key, 0 where not; floating: added to the scores.
  Tensor attn_mask = {};
  double dropout_p = 0;              ///< the probability of dropping a weight, in training
  bool is_causal = false;            ///< query i looks at keys 0 … i only, also where a mask allows more
  std::optional<double> scale = {};  ///< the factor of the scores; 1 / √E unless given
  RandomStream* stream = nullptr;    ///< of the dropout; needed when dropout_p is above 0
};

/// softmax(scale · query · keyᵀ + mask) · value: for every query the mean of the values, weighted by how well their
/// keys fit. A query that may look at no key gives zeros, and zero gradients.
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
