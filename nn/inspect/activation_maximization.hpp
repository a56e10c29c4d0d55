// Activation maximization: images that a unit of a network responds to most.
#pragma once

#include <cstdint>
#include <string>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

struct ActivationMaximizationOptions {
  Required<std::string> layer;  ///< the module whose output is maximized; "" is the model itself
  std::int64_t steps = 200;     ///< steps of gradient ascent
  double lr = 0.1;              ///< root mean square of the change of an image in a step
  double decay = 0.03;          ///< fraction by which a step shrinks the image; its rms stays below lr / decay
  double blur = 0.4;            ///< standard deviation, in pixels, of the Gaussian blur after each step; 0 for none
  std::int64_t jitter = 2;      ///< the network sees the image shifted by up to this many pixels in each step
  std::uint64_t seed = 0;       ///< seed of the shifts
};

/// Gradient ascent on images to maximize one unit of a layer per image. A unit is an element of the layer's output
/// (N, units), such as the logit of a class, or the mean over a channel of (N, units, H, W). Each step follows the
/// normalized gradient. Decay, blur (Yosinski et al., "Understanding neural networks through deep visualization", 2015)
/// and jitter (Mordvintsev et al., "Inceptionism", 2015; Olah, Mordvintsev and Schubert, "Feature visualization", 2017)
/// suppress high-frequency noise. Runs in evaluation mode; modes and gradients of the model are unchanged afterwards.
///
/// `start`, f32 or f64 (N, C, H, W), usually noise around 0, and the `units`, i64 (N), of the images → the resulting
/// images, in the network's input range. Throws a ShapeError for other shapes, a ValueError for a unit or an option out
/// of range and for a layer that does not depend on the image, and the errors of `FeatureMaps`.
Array maximize_activation(Module& model, const Array& start, const Array& units,
                          const ActivationMaximizationOptions& options);

}  // namespace tapestry::nn
