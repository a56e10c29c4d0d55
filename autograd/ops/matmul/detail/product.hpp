// Matrix products with transposed factors. For .cpp files.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// op(a) · op(b) over the last two axes, where op transposes if the flag is set; batch axes broadcast. The shapes must
/// match.
Tensor product(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b);

}  // namespace tapestry::detail
