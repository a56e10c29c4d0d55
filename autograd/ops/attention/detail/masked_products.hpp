// The two products of attention, in which a place that is masked contributes nothing even where keys, values or
// gradients are not finite. For .cpp files.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// weights · values, or weightsᵀ · values, of tensors (…, L, S) and (…, S, V) with the same leading axes, without the
/// terms whose weight is 0.
Tensor masked_product(const Tensor& weights, bool is_transposed, const Tensor& values);

/// query · keyᵀ of tensors (…, L, E) and (…, S, E) with the same leading axes. A score whose gradient is 0 contributes
/// nothing to the gradients.
Tensor masked_scores(const Tensor& query, const Tensor& key);

}  // namespace tapestry::detail
