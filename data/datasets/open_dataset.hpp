// Opens a data set from a folder in any supported layout.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tapestry/data/dataset.hpp>

namespace tapestry::data {

/// The images that a program can use; everything is accepted where nothing is given.
struct AcceptedImages {
  std::optional<std::int64_t> side = std::nullopt;         ///< height and width in pixels
  std::optional<std::int64_t> max_classes = std::nullopt;  ///< the network's outputs
};

/// Opens the CIFAR-10 binaries in `dir` (`Cifar10`), or `dir`/train and `dir`/test with a folder of images per class
/// (`ImageFolder`). Throws an IoError that says what was expected when `dir` contains neither, or when the classes of
/// train and test differ, and whatever those constructors throw; and a ValueError with the folder, the sizes and the
/// counts when the images are not `accepted`.
std::unique_ptr<Dataset> open_dataset(const std::string& dir, Split split, const AcceptedImages& accepted = {});

}  // namespace tapestry::data
