#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/cifar10.hpp>
#include <tapestry/data/datasets/image_folder.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>

namespace tapestry::data {
namespace {

namespace fs = std::filesystem;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Labels are indices into the list of names, so both splits need the same list.
void check_same_classes(const fs::path& train, const fs::path& test) {
  const std::vector<std::string> in_train = image_folder_classes(train);
  const std::vector<std::string> in_test = image_folder_classes(test);
  if (in_train != in_test) {
    throw IoError(fmt::format("open_dataset: expected the same classes in {} ({}) and {} ({})", train.string(),
                              listed(in_train), test.string(), listed(in_test)));
  }
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const std::string& folder, Split split) {
  const fs::path dir = folder;
  std::error_code ignored;
  if (fs::exists(dir / "data_batch_1.bin", ignored) || fs::exists(dir / "test_batch.bin", ignored)) {
    return std::make_unique<Cifar10>(dir, split);
  }
  const fs::path train = dir / "train";
  const fs::path test = dir / "test";
  if (!fs::is_directory(train, ignored) || !fs::is_directory(test, ignored)) {
    throw IoError(
        fmt::format("open_dataset: {}: expected the CIFAR-10 binaries (data_batch_1.bin to data_batch_5.bin and "
                    "test_batch.bin), or folders train and test with a folder of images per class",
                    dir.string()));
  }
  check_same_classes(train, test);
  return std::make_unique<ImageFolder>(split == Split::train ? train : test);
}

}  // namespace tapestry::data
