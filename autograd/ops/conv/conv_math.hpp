// The precision of convolutions.
#pragma once

#include <tapestry/autograd/mode.hpp>

namespace tapestry {

/// `exact`: every result is a plain sum of products, off by no more than γₙ · Σ|x·w| for n terms, with γₙ = n·u / (1 −
/// n·u) and u the unit roundoff. `fast`: f32 3×3 convolutions at stride 1 or 2 with at least 16 channels use Winograd's
/// algorithm (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016) with a quarter or nine
/// sixteenths of the multiplications; results are off by no more than 40·u of the largest Σ|x·w|, as the tests assert.
/// f64 is always exact.
enum class ConvMath { fast, exact };

/// The mode of the calling thread. The initial mode is the environment variable TAPESTRY_CONV, `fast` or `exact`, and
/// fast when it is not set. Throws a ValueError for any other value.
ConvMath conv_math();

namespace detail {

ConvMath& conv_math_mode();

}  // namespace detail

/// Sets the mode of the calling thread's convolutions, backward passes included, for its lifetime.
class ConvMathGuard : detail::ThreadValueGuard<ConvMath, detail::conv_math_mode> {
 public:
  [[nodiscard]] explicit ConvMathGuard(ConvMath math) : ThreadValueGuard(math) {}
};

}  // namespace tapestry
