// How exactly convolutions are computed.
#pragma once

namespace tapestry {

/// `exact`: every result is a plain sum of products, off by no more than γₙ · Σ|x·w| for n terms, with γₙ = n·u / (1 −
/// n·u) and u the unit roundoff. `fast`: f32 convolutions of 3×3 at stride 1 or 2 from 16 channels on take Winograd's
/// algorithm (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016) with a quarter or nine
/// sixteenths of the multiplications; results are off by no more than 40·u of the largest Σ|x·w|, as the tests assert.
/// f64 is always exact.
enum class ConvMath { fast, exact };

/// The mode of the calling thread; at first what the environment variable TAPESTRY_CONV says, `fast` or `exact`, and
/// fast where it is not set. Throws a ValueError when it says anything else.
ConvMath conv_math();

/// Computes the convolutions of the calling thread, backward passes included, in a mode while it lives.
class ConvMathGuard {
 public:
  [[nodiscard]] explicit ConvMathGuard(ConvMath math);
  ~ConvMathGuard();
  ConvMathGuard(const ConvMathGuard&) = delete;
  ConvMathGuard& operator=(const ConvMathGuard&) = delete;

 private:
  ConvMath before_;
};

}  // namespace tapestry
