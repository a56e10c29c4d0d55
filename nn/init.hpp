// First values of parameters. Each function overwrites the values of a tensor with draws from the thread's random
// streams (see manual_seed) and returns it.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::nn::init {

/// Which of the two sums a weight keeps at the size of its terms: over inputs (forward) or over outputs (backward).
enum class FanMode { fan_in, fan_out };

/// What a weight of shape (out, in, …) sums over: in · receptive field, or out · receptive field. Throws a ShapeError
/// for rank below 2.
std::int64_t fan(const Shape& weight, FanMode mode);

/// Normal with mean 0 and standard deviation gain / √fan (He et al., "Delving deep into rectifiers", 2015, equation
/// 10); gain √2 is for ReLU.
Tensor kaiming_normal(Tensor weight, FanMode mode = FanMode::fan_in, double gain = 1.4142135623730951);

/// Uniform in ±gain·√(3 / fan), of the same standard deviation.
Tensor kaiming_uniform(Tensor weight, FanMode mode = FanMode::fan_in, double gain = 1.4142135623730951);

/// Normal with a mean and a standard deviation.
Tensor normal(Tensor tensor, double mean = 0, double standard_deviation = 1);

/// Uniform in [low, high).
Tensor uniform(Tensor tensor, double low, double high);

Tensor constant(Tensor tensor, double value);

/// What linear and convolution layers begin with, as in PyTorch: a weight and its bias (undefined for none) uniform in
/// ±1/√fan_in of the weight.
void default_uniform(const Tensor& weight, const Tensor& bias);

}  // namespace tapestry::nn::init
