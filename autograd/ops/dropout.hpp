// Dropout: random zeros in training.
#pragma once

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/random.hpp>

namespace tapestry {

/// Zeroes every element with probability `p` and multiplies the others by 1 / (1 − p) (Srivastava et al., "Dropout",
/// 2014). The mask is a function of (seed, stream, step, element in row-major order), whatever the memory format and
/// the number of threads, and backward uses the same; each call advances `stream`. A dropped element is 0 even where x
/// is infinite; p = 0 gives x itself, p = 1 zeros. Throws a ValueError when p is not in [0, 1], a DTypeError unless x
/// is floating; `stream` then stays where it is.
Tensor dropout(const Tensor& x, double p, RandomStream& stream);

/// Throws a ValueError naming `operation` when p is not in [0, 1].
void check_dropout_probability(std::string_view operation, double p);

}  // namespace tapestry
