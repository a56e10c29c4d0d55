// Losses.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

struct CrossEntropyOptions {
  /// The share of the target that is spread evenly over all classes (Szegedy et al., "Rethinking the Inception
  /// architecture", 2016, section 7); in [0, 1].
  double label_smoothing = 0;
};

/// The mean over samples of −Σₖ tₖ · log_softmax(logits)ₖ, where t is 1 at the label (smoothed as the options say):
/// logits (N, classes), labels i64 (N) → scalar. Throws a ValueError for a label outside [0, classes) (with its row),
/// for N = 0, and for a smoothing outside [0, 1]; a ShapeError when the shapes do not fit, a DTypeError when the types
/// do not.
Tensor cross_entropy(const Tensor& logits, const Array& labels, const CrossEntropyOptions& options = {});

}  // namespace tapestry
