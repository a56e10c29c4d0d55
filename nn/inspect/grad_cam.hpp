// Where in an image a network sees a class.
#pragma once

#include <string_view>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Grad-CAM: relu(Σₖ αₖ Aᵏ) for every image, with Aᵏ the channels that the module `layer` of the model gives and αₖ the
/// mean over its pixels of the derivative of the class's logit by Aᵏ; made as large as the image by bilinear
/// interpolation (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization",
/// 2017, equations 1 and 2). In evaluation mode; modes and gradients of the model are left as they were.
///
/// `images` (N, C, H, W) and their `classes`, i64 (N), give (N, H, W): numbers of at least 0 of the images' dtype. For
/// models from images to logits (N, classes). Throws a ShapeError when shapes are not these or the layer does not give
/// images, a ValueError for a class out of range, for a layer that the logits do not depend on, and as `FeatureMaps`
/// does.
Array grad_cam(Module& model, std::string_view layer, const Array& images, const Array& classes);

}  // namespace tapestry::nn
