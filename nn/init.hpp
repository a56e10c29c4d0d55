// Initialization of parameters. Each function overwrites the values of a tensor, with draws from the thread's random
// streams (see manual_seed), and returns the tensor.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::nn::init {

/// fan_in preserves the variance of the activations in forward, fan_out that of the gradients in backward.
enum class FanMode { fan_in, fan_out };

/// The fan of a weight (out, in, …): in · receptive field, or out · receptive field. Throws a ShapeError for ranks
/// below 2.
std::int64_t fan(const Shape& weight, FanMode mode);

/// Normal with mean 0 and standard deviation gain / √fan (He et al., "Delving deep into rectifiers", 2015, equation
/// 10); gain √2 is for ReLU.
Tensor kaiming_normal(Tensor weight, FanMode mode = FanMode::fan_in, double gain = 1.4142135623730951);

/// Uniform in ±gain·√(3 / fan), which has the same standard deviation.
Tensor kaiming_uniform(Tensor weight, FanMode mode = FanMode::fan_in, double gain = 1.4142135623730951);

/// Normal with the given mean and standard deviation.
Tensor normal(Tensor tensor, double mean = 0, double standard_deviation = 1);

/// Uniform in [low, high).
Tensor uniform(Tensor tensor, double low, double high);

/// Every element is `value`.
Tensor constant(Tensor tensor, double value);

/// PyTorch's default for linear and convolution layers: a weight and its bias, which may be undefined, uniform in
/// ±1/√fan_in of the weight.
void default_uniform(const Tensor& weight, const Tensor& bias);

}  // namespace tapestry::nn::init
