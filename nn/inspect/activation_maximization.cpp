#include <cmath>
#include <string>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/inspect/activation_maximization.hpp>
#include <tapestry/nn/inspect/evaluation_scope.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>

namespace tapestry::nn {
namespace {

using Options = ActivationMaximizationOptions;

void check(const Array& start, const Array& units, const Options& options) {
  if (start.rank() != 4 || units.shape() != Shape{start.size(0)} || units.dtype() != DType::i64) {
    throw ShapeError(fmt::format("maximize_activation: expected a start (N, C, H, W) and units i64 (N), got {} and {}",
                                 to_string(start), to_string(units)));
  }
  const bool is_good = options.steps >= 0 && options.lr > 0 && options.decay >= 0 && options.decay < 1 &&
                       options.blur >= 0 && options.jitter >= 0;
  if (is_good) return;
  throw ValueError(fmt::format(
      "maximize_activation: steps, blur and jitter must be at least 0, lr above 0 and decay in [0, 1), got {}, {}, {}, "
      "{} and {}",
      options.steps, options.blur, options.jitter, options.lr, options.decay));
}

/// Cyclic shift down and to the right, or by negative amounts up and to the left.
Tensor rolled(const Tensor& x, std::int64_t down, std::int64_t right) {
  const auto roll = [](const Tensor& y, int axis, std::int64_t by) {
    const std::int64_t size = y.size(axis), cut = (size - by % size) % size;
    return cut == 0 ? y : cat({slice(y, axis, cut, size), slice(y, axis, 0, cut)}, axis);
  };
  return roll(roll(x, 2, down), 3, right);
}

/// The weights of a Gaussian, (channels, 1, k, k), for a depthwise convolution.
Array gaussian(std::int64_t channels, double deviation, DType dtype) {
  const auto radius = static_cast<std::int64_t>(std::ceil(3 * deviation));
  std::vector<double> line;
  double total = 0;
  for (std::int64_t i = -radius; i <= radius; ++i) {
    line.push_back(std::exp(-static_cast<double>(i * i) / (2 * deviation * deviation)));
    total += line.back();
  }
  std::vector<double> weights;
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (const double row : line) {
      for (const double column : line) weights.push_back(row * column / (total * total));
    }
  }
  const std::int64_t size = 2 * radius + 1;
  return Array::from({channels, 1, size, size}, weights).to(dtype);
}

/// The activations to maximize: the unit of each image, (N, 1).
Tensor activations(const Tensor& output, const Array& units, const std::string& layer) {
  if ((output.rank() != 2 && output.rank() != 4) || output.size(0) != units.size(0)) {
    throw ShapeError(fmt::format(
        "maximize_activation: expected a layer that returns ({0}, units) or ({0}, units, H, W), \"{1}\" returns {2}",
        units.size(0), layer, to_string(output.shape())));
  }
  for (const std::int64_t unit : units.to_vector<std::int64_t>()) {
    if (unit >= 0 && unit < output.size(1)) continue;
    throw ValueError(fmt::format("maximize_activation: there is no unit {} (\"{}\" returns {})", unit, layer,
                                 to_string(output.shape())));
  }
  return gather(output.rank() == 4 ? mean(output, {2, 3}) : output, 1, units.reshape({-1, 1}));
}

}  // namespace

Array maximize_activation(Module& model, const Array& start, const Array& units, const Options& options) {
  check(start, units, options);
  const std::string& layer = options.layer;
  const EvaluationScope evaluation(model);
  const FeatureMaps watched(model, {layer});
  const Array kernel = options.blur > 0 ? gaussian(start.size(1), options.blur, start.dtype()) : Array();
  RandomStream random{.seed = options.seed};
  Tensor images = start.clone();
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const auto moves = random.integers({2}, 2 * options.jitter + 1).to_vector<std::int64_t>();
    Tensor slope;
    {
      const GradMode recording(true);
      const Tensor x = images.detach().set_requires_grad();
      model(rolled(x, moves[0] - options.jitter, moves[1] - options.jitter));
      slope = grad(sum(activations(watched[layer], units, layer)), {x}).front();
    }
    if (!slope.defined()) {
      throw ValueError(fmt::format("maximize_activation: the output of \"{}\" does not depend on the image", layer));
    }
    const NoGradGuard no_grad;
    // The gradient of an inactive unit may be zero: then its image only decays.
    const Tensor length = maximum(sqrt(mean(slope * slope, {1, 2, 3}, true)), Array::scalar(1e-30, slope.dtype()));
    images = images * (1 - options.decay) + slope / length * options.lr;
    if (kernel.defined()) {
      images = conv2d(images, kernel, {},
                      {.padding = kernel.size(2) / 2, .groups = start.size(1), .padding_mode = PaddingMode::replicate});
    }
  }
  return images.array();
}

}  // namespace tapestry::nn
