// Code shared by normalization operators: checks, running statistics, and the differentiable gradient through
// statistics.
#pragma once

#include <string_view>
#include <vector>

#include <tapestry/autograd/detail/channel_numbers.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

Channels to_channels(const Array& values);

/// result[i] = f(i)
template <class F>
Channels per_channel(std::size_t channels, const F& f) {
  Channels result(channels);
  for (std::size_t c = 0; c < channels; ++c) result[c] = f(c);
  return result;
}

/// x (N, C), (N, C, L) or (N, C, H, W) as images (N, C, H, W).
Tensor as_images(const Tensor& x);

/// Throws a ShapeError naming `operation` unless the rank of x is in [least, 4].
void check_channel_rank(std::string_view operation, const Tensor& x, int least);

/// Throws a ShapeError or DTypeError naming `operation` unless `values`, if defined, have the given shape and the dtype
/// of x.
void check_affine(std::string_view operation, std::string_view argument, const Tensor& x, const Tensor& values,
                  const Shape& shape);

/// Throws unless both running statistics are floating arrays with one element per channel, or both are undefined.
void check_running_statistics(std::string_view operation, const Tensor& x, const Array& running_mean,
                              const Array& running_var);

/// running ← (1 − momentum) · running + momentum · batch, unless a result would not be finite: then nothing changes,
/// and the first occurrence in the process is reported on stderr.
void update_running_statistics(std::string_view operation, Array running_mean, Array running_var, const Channels& mean,
                               const Channels& variance, double momentum);

/// A normalization: values reshaped to `grouped` are normalized by statistics over `axes`; then, reshaped to `affine`,
/// multiplied by a weight of the shape `weight`, which broadcasts.
struct Normalization {
  Shape grouped;
  std::vector<int> axes;
  Shape affine, weight;
  bool is_centered;
  double eps;
};

/// Gradients of x, weight and bias, computed by operators, through the statistics. `mean` and `inverse` = 1 / √(σ² +
/// eps) come from forward; they broadcast to `grouped`.
std::vector<Tensor> normalization_gradients(const Normalization& n, const Tensor& x, const Tensor& weight,
                                            const Shape& weight_shape, const Tensor& dy, const Array& mean,
                                            const Array& inverse, const Wanted& wanted);

}  // namespace tapestry::detail
