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

/// False when nothing is there; throws when that cannot be found out.
bool is_there(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error && status.type() != fs::file_type::not_found) {
    throw IoError(fmt::format("open_dataset: cannot read {}: {}", path.string(), error.message()));
  }
  return fs::exists(status);
}

std::unique_ptr<Dataset> open_any(const fs::path& dir, Split split) {
  if (is_there(dir / "data_batch_1.bin") || is_there(dir / "test_batch.bin")) {
    return std::make_unique<Cifar10>(dir, split);
  }
  const fs::path train = dir / "train";
  const fs::path test = dir / "test";
  if (!is_there(train) || !is_there(test)) {
    throw IoError(
        fmt::format("open_dataset: {}: expected the CIFAR-10 binaries (data_batch_1.bin to data_batch_5.bin and "
                    "test_batch.bin), or folders train and test with a folder of images per class",
                    dir.string()));
  }
  check_same_classes(train, test);
  return std::make_unique<ImageFolder>(split == Split::train ? train : test);
}

void check_accepted(const Dataset& images, const fs::path& dir, Split split, const AcceptedImages& accepted) {
  const std::string held = fmt::format("{} {} images", images.size(), split == Split::train ? "training" : "test");
  const Array first = images.get(0).image;
  if (accepted.side && (first.size(1) != *accepted.side || first.size(2) != *accepted.side)) {
    throw ValueError(fmt::format("open_dataset: {}: expected images of {} x {} pixels, got {} x {} ({})", dir.string(),
                                 *accepted.side, *accepted.side, first.size(2), first.size(1), held));
  }
  const std::int64_t classes = std::ssize(images.class_names());
  if (accepted.max_classes && classes > *accepted.max_classes) {
    throw ValueError(fmt::format("open_dataset: {}: expected at most {} classes, got {} ({})", dir.string(),
                                 *accepted.max_classes, classes, held));
  }
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const std::string& dir, Split split, const AcceptedImages& accepted) {
  auto images = open_any(dir, split);
  check_accepted(*images, dir, split, accepted);
  return images;
}

}  // namespace tapestry::data
