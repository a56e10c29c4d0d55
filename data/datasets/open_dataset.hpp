// Opens a data set from a folder in any supported layout.
#pragma once

#include <memory>
#include <string>

#include <tapestry/data/dataset.hpp>

namespace tapestry::data {

/// Opens the CIFAR-10 binaries in `dir` (`Cifar10`), or `dir`/train and `dir`/test with a folder of images per class
/// (`ImageFolder`). Throws an IoError that says what was expected when `dir` contains neither, or when the classes of
/// train and test differ, and whatever those constructors throw.
std::unique_ptr<Dataset> open_dataset(const std::string& dir, Split split);

}  // namespace tapestry::data
