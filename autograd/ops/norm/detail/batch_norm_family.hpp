// What batch_norm and the operators that go on with its result share.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/detail/gradient_target.hpp>
#include <tapestry/autograd/ops/norm/detail/channel_statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/recipe.hpp>
#include <tapestry/autograd/saved_tensor.hpp>

namespace tapestry::detail {

/// The whole batch (N, C, H, W) as one sample.
kernels::ChannelNormGeometry batch_geometry(const Array& x);

/// What forward found: what the gradient needs, and enough to compute the normalised batch again, with the ReLU after
/// it if there is a bound.
struct NormalisedBatch final : Recipe {
  std::string_view operation;
  SavedTensor x;
  Channels mean, inverse_deviation;
  AffineNumbers numbers;
  std::optional<double> relu_bound;

  template <class T>
  kernels::ChannelAffine<T> affine() const {
    return numbers.affine<T>(relu_bound);
  }
  /// Of a channels-last x.
  Array apply(const Array& image) const;
  /// The same when it is first read, unless `image` is a copy of x: what reads it next may rather normalise x itself.
  /// Where x has been overwritten by then, reading throws a GradError.
  Array deferred(const Array& image) const;
  Array compute() const override;
};

/// The normalisation of images within an operator.
struct BatchNormalisation {
  std::string_view operation;
  Array running_mean, running_var;
  bool uses_batch;  ///< the statistics are those of the batch, so that the gradient flows through them
  bool updates_running;
  double momentum, eps;
  SavedTensor weight = {};
  std::shared_ptr<NormalisedBatch> found = std::make_shared<NormalisedBatch>();

  /// Finds the statistics of x, keeps what the gradients of x, weight and bias need (x also where `needs_x`) and
  /// returns x in channels-last memory.
  Array find(const Tensor& x, const Tensor& weight, const Tensor& bias, bool needs_x);

  /// Of the normalised batch, where x is kept anyway and it is better computed again than kept, else null.
  std::shared_ptr<Recipe> recipe() const;

  /// The gradients of x, weight and bias for the gradient of the result.
  std::vector<Array> gradients(const Array& gradient, const Wanted& wanted) const;
  /// The same where the sums of `gradient_sums` are known.
  std::vector<Array> gradients(const GradientTarget& target, const ChannelSums& sums, const Wanted& wanted) const;
  /// The same made of operators, without the ReLU: `dy` is the gradient of what comes before it.
  std::vector<Tensor> gradients(const Tensor& dy, const Wanted& wanted) const;

 private:
  ChannelMoments statistics(const Array& image) const;
  Channels scale_by(const Array& factors) const;
  Array input_gradient(const GradientTarget& target, const ChannelSums& sums) const;
};

/// Checks operands and options of batch_norm; throws as it says.
BatchNormalisation checked_batch_normalisation(std::string_view operation, const Tensor& x, const Array& running_mean,
                                               const Array& running_var, const Tensor& weight, const Tensor& bias,
                                               const BatchNormOptions& options);

/// y, which was computed of `as_images(x)`.
Tensor in_shape_of(const Tensor& x, const Tensor& y);

}  // namespace tapestry::detail
