// Normalisation by statistics of the data.
#pragma once

#include <string_view>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct BatchNormOptions {
  Required<bool> training;
  double momentum = 0.1;  ///< the weight of a batch in the running statistics
  double eps = 1e-5;      ///< added to the variance
};

/// x (N, C, H, W) → of the same shape: y = (x − μ) / √(σ² + eps) · weight + bias per channel (Ioffe and Szegedy, "Batch
/// normalization", 2015); weight and bias are (C), or undefined for 1 and 0.
///
/// In training μ and σ² are the mean and the variance of the batch over N, H and W, and
/// running ← (1 − momentum) · running + momentum · batch, in place, where the batch's variance is divided by n − 1. In
/// evaluation they are the running statistics, constants also for the gradient. Both running arrays are (C), f32 or
/// f64, or both undefined: then evaluation uses the batch as training does.
///
/// Statistics are added up in double precision from values shifted by one of the channel, so that neither a large mean
/// nor large values cost digits; channels are computed on channels-last memory. A channel with a NaN or an infinity
/// comes out as NaN; a batch that would make a running statistic NaN or infinite leaves all of them as they were, and
/// the first in the process is reported on stderr.
///
/// Throws a ValueError for options out of range, or when statistics of the batch are wanted and there are fewer than
/// two values per channel; a ShapeError or DTypeError for operands that do not fit. The running statistics are then
/// untouched.
Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options);

/// Throws a ValueError naming `operation` when momentum is not in [0, 1] or eps is not positive and finite.
void check_batch_norm_options(std::string_view operation, double momentum, double eps);

}  // namespace tapestry
