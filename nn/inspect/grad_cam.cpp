#include <string>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/inspect/evaluation_scope.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>
#include <tapestry/nn/inspect/grad_cam.hpp>

namespace tapestry::nn {
namespace {

void check_operands(const Array& images, const Array& classes) {
  if (images.rank() == 4 && classes.shape() == Shape{images.size(0)} && classes.dtype() == DType::i64) return;
  throw ShapeError(fmt::format("grad_cam: expected images (N, C, H, W) and classes i64 (N), got {} and {}",
                               to_string(images), to_string(classes)));
}

void check_logits(const Tensor& logits, const Array& classes) {
  if (logits.rank() != 2 || logits.size(0) != classes.size(0)) {
    throw ShapeError(fmt::format("grad_cam: expected a model that returns logits ({}, classes), got {}",
                                 classes.size(0), to_string(logits.shape())));
  }
  for (const std::int64_t label : classes.to_vector<std::int64_t>()) {
    if (label >= 0 && label < logits.size(1)) continue;
    throw ValueError(fmt::format("grad_cam: there is no class {} (logits {})", label, to_string(logits.shape())));
  }
}

}  // namespace

Array grad_cam(Module& model, std::string_view layer, const Array& images, const Array& classes) {
  check_operands(images, classes);
  const EvaluationScope evaluation(model);
  const FeatureMaps watched(model, {std::string(layer)});
  Tensor maps, slopes;
  {
    const GradMode recording(true);
    // A leaf that requires a gradient puts the layer on the tape even when all weights are frozen.
    const Tensor logits = model(Tensor(images).set_requires_grad());
    check_logits(logits, classes);
    maps = watched[layer];
    if (maps.rank() != 4) {
      throw ShapeError(fmt::format("grad_cam: expected a layer that returns images (N, C, H, W), \"{}\" returns {}",
                                   layer, to_string(maps.shape())));
    }
    // Samples are independent, so the derivative of the sum contains the derivatives of all logits.
    slopes = grad(sum(gather(logits, 1, classes.reshape({-1, 1}))), {maps}).front();
  }
  if (!slopes.defined()) {
    throw ValueError(fmt::format("grad_cam: the logits do not depend on the last output of \"{}\"", layer));
  }
  const NoGradGuard no_grad;
  const Tensor heat = relu(sum(mean(slopes, {2, 3}, true) * maps, {1}, true));
  const Pair size(images.size(2), images.size(3));
  return interpolate(heat, {.size = size, .mode = InterpolationMode::bilinear})
      .array()
      .reshape({images.size(0), images.size(2), images.size(3)});
}

}  // namespace tapestry::nn
