#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/image_folder.hpp>
#include <tapestry/data/detail/blocks.hpp>
#include <tapestry/data/image/image.hpp>

namespace tapestry::data {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Removes and returns the leading number of `text`, without leading zeros, or else its first character.
std::string_view take_part(std::string_view& text) {
  std::size_t length = 1;
  if (is_digit(text[0])) {
    while (length < text.size() && is_digit(text[length])) ++length;
  }
  std::string_view part = text.substr(0, length);
  text.remove_prefix(length);
  while (part.size() > 1 && part[0] == '0') part.remove_prefix(1);
  return part;
}

/// Runs of digits compare as numbers, everything else by character.
bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    const std::string_view part_a = take_part(a);
    const std::string_view part_b = take_part(b);
    if (is_digit(part_a[0]) && is_digit(part_b[0]) && part_a.size() != part_b.size()) {
      return part_a.size() < part_b.size();
    }
    if (part_a != part_b) return part_a < part_b;
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;
}

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// The names in `dir` that do not begin with a dot and for which `wanted` is true, unsorted.
template <class Wanted>
std::vector<std::string> list(const fs::path& dir, const Wanted& wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name[0] != '.' && wanted(*entry)) names.push_back(std::move(name));
  }
  if (error) throw IoError(fmt::format("image_folder: cannot read {}: {}", dir.string(), error.message()));
  return names;
}

struct Files {
  std::vector<fs::path> paths;
  std::vector<std::int64_t> labels;
};

Files find_files(const fs::path& dir, const std::vector<std::string>& classes) {
  Files files;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const fs::path folder = dir / classes[label];
    std::vector<std::string> names =
        list(folder, [](const fs::directory_entry& entry) { return is_image_name(entry.path()); });
    if (names.empty()) {
      throw IoError(fmt::format("image_folder: {}: expected .png, .jpg or .jpeg files, found none", folder.string()));
    }
    std::sort(names.begin(), names.end(), natural_less);
    for (const std::string& name : names) files.paths.push_back(folder / name);
    files.labels.insert(files.labels.end(), names.size(), static_cast<std::int64_t>(label));
  }
  return files;
}

Array decode(const std::vector<fs::path>& paths) {
  const Array first = read_image(paths[0]);
  const auto count = static_cast<std::int64_t>(paths.size());
  Array images =
      Array::empty({count, first.size(0), first.size(1), first.size(2)}, DType::u8, MemoryFormat::channels_last);
  auto* out = images.mutable_data<std::uint8_t>();
  for_each_block(count, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const fs::path& path = paths[static_cast<std::size_t>(i)];
      const Array image = read_image(path);
      if (image.shape() != first.shape()) {
        throw IoError(fmt::format("image_folder: {}: expected {} x {} pixels as in {}, got {} x {}", path.string(),
                                  first.size(2), first.size(1), paths[0].string(), image.size(2), image.size(1)));
      }
      std::copy_n(image.data<std::uint8_t>(), image.numel(), out + i * image.numel());
    }
  });
  return images;
}

ArrayDataset read(const fs::path& dir) {
  std::vector<std::string> classes = image_folder_classes(dir);
  const Files files = find_files(dir, classes);
  Array labels = Array::from({static_cast<std::int64_t>(files.labels.size())}, files.labels);
  return ArrayDataset(decode(files.paths), std::move(labels), std::move(classes));
}

}  // namespace

ImageFolder::ImageFolder(const std::string& dir) : ArrayDataset(read(dir)) {}

std::vector<std::string> image_folder_classes(const std::string& dir) {
  std::vector<std::string> names = list(dir, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored);
  });
  if (names.empty()) {
    throw IoError(fmt::format("image_folder: {}: expected a folder of images per class, found no folders", dir));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tapestry::data
