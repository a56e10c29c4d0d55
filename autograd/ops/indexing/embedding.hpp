// Embeddings.
#pragma once

#include <cstdint>
#include <optional>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The rows of a table selected by `indices`. The row `padding_idx` is read like any other but gets no gradient.
///
/// Shapes: indices i64 of any shape (…), weight (V, D) → (…, D).
/// Throws: ShapeError unless the weight has rank 2; DTypeError unless it is floating and the indices are i64;
/// ValueError for an index (with its position) or padding_idx outside [0, V).
/// Source: PyTorch's `embedding`.
/// Example: embedding(Array::full({2}, 1, DType::i64), Array::from<float>({2, 1}, {5, 6})).array().at({1, 0}) == 6
Tensor embedding(const Array& indices, const Tensor& weight, std::optional<std::int64_t> padding_idx = {});

/// The fixed encodings of the positions 0 … length − 1: element 2i of position p is sin(p / 10000^{2i / embed_dim}),
/// element 2i + 1 the cosine of the same.
///
/// Shapes: → (length, embed_dim).
/// Throws: ValueError for a length below 0 or an embed_dim below 1, DTypeError unless the dtype is floating.
/// Source: Vaswani et al., "Attention is all you need", 2017 (section 3.5).
/// Example: sinusoidal_positions(3, 4).at({0, 1}) == 1 && sinusoidal_positions(3, 4).at({0, 2}) == 0
Array sinusoidal_positions(std::int64_t length, std::int64_t embed_dim, DType dtype = DType::f32);

}  // namespace tapestry
