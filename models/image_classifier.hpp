// The networks that classify small images, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// The names that `image_classifier` knows.
std::vector<std::string> image_classifier_names();

/// A network from images (N, 3, 32, 32) to logits (N, classes). The blocks of residual networks except resnet20
/// start as identities: the last norm of each has weight 0. Throws a ValueError for an unknown name.
std::unique_ptr<nn::Module> image_classifier(const std::string& name, std::int64_t classes = 10);

}  // namespace tapestry::models
