// Normalization. Statistics are computed in double precision from values shifted by one of them, and the mean is
// subtracted with more digits than the dtype has, so a large mean or large values cost no precision.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct BatchNormOptions {
  Required<bool> training;  ///< normalize by the batch rather than by the running statistics
  double momentum = 0.1;    ///< the weight of a batch in the running statistics
  double eps = 1e-5;        ///< added to the variance
};

struct InstanceNormOptions {
  bool use_input_stats = true;  ///< normalize by the input rather than by the running statistics
  double momentum = 0.1;        ///< the weight of an input in the running statistics
  double eps = 1e-5;            ///< added to the variance
};

/// y = (x − μ) / √(σ² + eps) · weight + bias per channel; an undefined weight counts as 1, an undefined bias as 0.
///
/// In training μ and σ² are the mean and the variance of the batch over all axes but C, and running ← (1 − momentum) ·
/// running + momentum · batch, in place, where the batch's variance is divided by n − 1. In evaluation they are the
/// running statistics, which are constants for the gradient, too. The running arrays may both be undefined; evaluation
/// then uses the batch, as training does.
///
/// A channel that contains a NaN or an infinity becomes NaN. A batch that would make a running statistic NaN or
/// infinite leaves all of them unchanged, and the first such batch in the process is reported on stderr. Computes in
/// channels-last memory format. The error of (x − μ) / √(σ² + eps) · weight is at most three roundings of the dtype.
///
/// Shapes: x (N, C), (N, C, L) or (N, C, H, W) → the same; weight and bias (C); running_mean and running_var (C), f32
/// or f64.
/// Throws: ValueError for options out of range, or when batch statistics are needed and there are fewer than two values
/// per channel; ShapeError or DTypeError for operands that do not match. The running statistics are then unchanged.
/// Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
/// shift", 2015 (algorithm 1); PyTorch's `torch.nn.functional.batch_norm`.
/// Example: batch_norm(Array::full({2, 3, 4, 5}, 7), {}, {}, {}, {}, {.training = true}).array().at({1, 2, 3, 4}) == 0
Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options);

/// y = (x − μ) / √(σ² + eps) · weight + bias with the mean and variance of each sample over the last axes, which have
/// the sizes of `normalized_shape`; an undefined weight counts as 1, an undefined bias as 0. Computes in row-major
/// memory format.
///
/// Shapes: x (…, normalized_shape) → the same; weight and bias of the normalized shape.
/// Throws: ValueError unless eps is positive and finite; ShapeError for a normalized shape without axes or elements, or
/// that x, weight or bias does not match; DTypeError unless all are of one floating dtype.
/// Source: Ba, Kiros and Hinton, "Layer normalization", 2016; PyTorch's `torch.nn.functional.layer_norm`.
/// Example: layer_norm(Array::full({2, 3}, 1e10), {3}, {}, Array::full({3}, 4)).array().at({1, 2}) == 4
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// y = x / √(mean of x² + eps) · weight with the mean over the last axes, which have the sizes of `normalized_shape`;
/// an undefined weight counts as 1. The default eps is the machine epsilon of the dtype. Computes in row-major memory
/// format.
///
/// Shapes: x (…, normalized_shape) → the same; weight of the normalized shape.
/// Throws: as `layer_norm`.
/// Source: Zhang and Sennrich, "Root mean square layer normalization", 2019 (equation 4); PyTorch's
/// `torch.nn.functional.rms_norm`.
/// Example: rms_norm(Array::full({2, 3}, -8), {3}).array().at({1, 2}) == -1
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = std::nullopt);

/// y = (x − μ) / √(σ² + eps) · weight + bias with the mean and variance of each sample over space and the C /
/// num_groups adjacent channels of a group; weight and bias are per channel, an undefined weight counts as 1, an
/// undefined bias as 0. Computes in channels-last memory format.
///
/// Shapes: x (N, C), (N, C, L) or (N, C, H, W) → the same; weight and bias (C); N may be 0.
/// Throws: ValueError for groups below 1, an eps that is not positive and finite, or fewer than two values per group;
/// ShapeError when the groups do not divide the channels, or for a weight or bias of another shape; DTypeError unless
/// all are of one floating dtype.
/// Source: Wu and He, "Group normalization", 2018; PyTorch's `torch.nn.functional.group_norm`.
/// Example: group_norm(Array::full({2, 4, 3, 5}, 7), 2, {}, Array::full({4}, 3)).array().at({1, 3, 2, 4}) == 3
Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// y = (x − μ) / √(σ² + eps) · weight + bias with the mean and variance of each channel of each sample over space;
/// weight and bias are per channel, an undefined weight counts as 1, an undefined bias as 0. Without `use_input_stats`
/// this is `batch_norm` in evaluation. With it, running statistics, if given, are updated as by `batch_norm` in
/// training, with the average over the samples of their means and of their variances (divided by n − 1); an empty batch
/// leaves them unchanged. Computes in channels-last memory format.
///
/// Shapes: x (N, C, L) or (N, C, H, W) → the same; weight and bias (C); running_mean and running_var (C), f32 or f64,
/// or both undefined; N may be 0.
/// Throws: ValueError for options out of range, fewer than two values per channel and sample with `use_input_stats`,
/// and no running statistics without it; ShapeError or DTypeError for operands that do not match.
/// Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast stylization",
/// 2016; PyTorch's `torch.nn.functional.instance_norm`.
/// Example: instance_norm(Array::full({2, 3, 4, 5}, 7)).array().at({1, 2, 3, 4}) == 0
Tensor instance_norm(const Tensor& x, const Array& running_mean = {}, const Array& running_var = {},
                     const Tensor& weight = {}, const Tensor& bias = {}, const InstanceNormOptions& options = {});

/// y = x / (k + alpha / size · Σ x²)^beta, summed over a window of `size` channels around each: from ⌊size / 2⌋ before
/// it to ⌊(size − 1) / 2⌋ after it, where channels out of range count as 0. Computes in channels-last memory format.
///
/// Shapes: x (N, C, L) or (N, C, H, W) → the same; sizes may be 0.
/// Throws: ValueError for a size below 1 or coefficients that are not finite; ShapeError for another rank; DTypeError
/// unless x is floating.
/// Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012
/// (section 3.3); PyTorch's `torch.nn.functional.local_response_norm`, whose alpha is divided by the size.
/// Example: local_response_norm(Array::full({1, 3, 1, 2}, 1), 1, 3, 0.5, 1).array().at({0, 2, 0, 1}) == 0.5
Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha = 1e-4, double beta = 0.75, double k = 1);

/// Throws a ValueError naming `operation` when momentum is not in [0, 1] or eps is not positive and finite.
void check_batch_norm_options(std::string_view operation, double momentum, double eps);
/// Throws a ValueError naming `operation` when eps is not positive and finite.
void check_eps(std::string_view operation, double eps);
/// Throws a ShapeError naming `operation` for a shape without axes or elements.
void check_normalized_shape(std::string_view operation, const Shape& normalized_shape);
/// Throws a ValueError naming `operation` when size is below 1 or a coefficient is not finite.
void check_local_response_norm_options(std::string_view operation, std::int64_t size, double alpha, double beta,
                                       double k);

}  // namespace tapestry
