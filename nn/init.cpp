#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::nn::init {
namespace {

Tensor overwrite(Tensor tensor, const Array& values) {
  Array(tensor.array()).copy_from(values);
  return tensor;
}

}  // namespace

std::int64_t fan(const Shape& weight, FanMode mode) {
  if (weight.rank() < 2)
    throw ShapeError(fmt::format("init: expected a weight of rank 2 or more, got {}", to_string(weight)));
  const std::int64_t channels = weight[mode == FanMode::fan_in ? 1 : 0];
  const std::int64_t pairs = weight[0] * weight[1];
  return pairs == 0 ? 0 : weight.numel() / pairs * channels;
}

Tensor kaiming_normal(Tensor weight, FanMode mode, double gain) {
  const double deviation = gain / std::sqrt(static_cast<double>(fan(weight.shape(), mode)));
  return overwrite(weight, new_random_stream().normal(weight.shape(), 0, deviation, weight.dtype()));
}

Tensor kaiming_uniform(Tensor weight, FanMode mode, double gain) {
  const double bound = gain * std::sqrt(3 / static_cast<double>(fan(weight.shape(), mode)));
  return uniform(std::move(weight), -bound, bound);
}

Tensor normal(Tensor tensor, double mean, double standard_deviation) {
  return overwrite(tensor, new_random_stream().normal(tensor.shape(), mean, standard_deviation, tensor.dtype()));
}

Tensor uniform(Tensor tensor, double low, double high) {
  return overwrite(tensor, new_random_stream().uniform(tensor.shape(), low, high, tensor.dtype()));
}

Tensor constant(Tensor tensor, double value) {
  Array(tensor.array()).fill(value);
  return tensor;
}

void default_uniform(const Tensor& weight, const Tensor& bias) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan(weight.shape(), FanMode::fan_in)));
  uniform(weight, -bound, bound);
  if (bias.defined()) uniform(bias, -bound, bound);
}

}  // namespace tapestry::nn::init
