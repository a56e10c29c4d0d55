// What a unit of a network looks for: images made to excite it.
#pragma once

#include <cstdint>
#include <string>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

struct ActivationMaximizationOptions {
  Required<std::string> layer;  ///< the module whose output is made large; "" is the model itself
  std::int64_t steps = 200;     ///< of gradient ascent
  double lr = 0.1;              ///< the length of a step, as the root of the mean square of what is added to an image
  double decay = 0.03;          ///< the share of the image that a step takes away; its length stays below lr / decay
  double blur = 0.4;            ///< the deviation, in pixels, of the Gauss that smooths it after a step; 0: none
  std::int64_t jitter = 2;      ///< in each step the network sees it moved round by up to so many pixels
  std::uint64_t seed = 0;       ///< of the moves
};

/// Gradient ascent on images: each is changed so that its unit of a layer gives as much as it can. The unit of an image
/// is an element of the layer's output (N, units), a class's logit, say, or the mean over a channel of (N, units, H,
/// W). Steps go along the gradient over its length; what keeps the image from filling with fine noise is that it
/// decays, is blurred (Yosinski et al., "Understanding neural networks through deep visualization", 2015) and is seen
/// from slightly different places (Mordvintsev et al., "Inceptionism", 2015; Olah, Mordvintsev and Schubert, "Feature
/// visualization", 2017). In evaluation mode; modes and gradients of the model are left as they were.
///
/// `start`, f32 or f64 (N, C, H, W), noise around 0 as a rule, and the `units`, i64 (N), of the images give the images
/// at the end, in the range that the network takes. Throws a ShapeError when shapes are not these, a ValueError for a
/// unit or an option out of range, for a layer that does not depend on the image, and as `FeatureMaps` does.
Array maximize_activation(Module& model, const Array& start, const Array& units,
                          const ActivationMaximizationOptions& options);

}  // namespace tapestry::nn
