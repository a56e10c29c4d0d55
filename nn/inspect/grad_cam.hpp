// Grad-CAM: the regions of an image that support a class.
#pragma once

#include <string_view>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Grad-CAM: relu(Σₖ αₖ Aᵏ) for every image, where Aᵏ are the output channels of the module `layer` of the model and αₖ
/// is the mean over the pixels of the derivative of the class's logit with respect to Aᵏ; resized to the image by
/// bilinear interpolation (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
/// localization", 2017, equations 1 and 2). Runs in evaluation mode; modes and gradients of the model are unchanged
/// afterwards.
///
/// `images` (N, C, H, W) and their `classes`, i64 (N), → (N, H, W), not negative, of the images' dtype. For models from
/// images to logits (N, classes). Throws a ShapeError for other shapes or a layer that does not return images, a
/// ValueError for a class out of range and for a layer that the logits do not depend on, and the errors of
/// `FeatureMaps`.
Array grad_cam(Module& model, std::string_view layer, const Array& images, const Array& classes);

}  // namespace tapestry::nn
