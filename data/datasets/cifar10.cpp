#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/cifar10.hpp>
#include <tapestry/data/detail/file.hpp>

namespace tapestry::data {
namespace {

constexpr std::int64_t cifar_classes = 10;
constexpr std::int64_t cifar_side = 32;
constexpr std::int64_t cifar_pixels = cifar_side * cifar_side;
/// A label, then all red, all green and all blue values.
constexpr std::int64_t record_bytes = 1 + 3 * cifar_pixels;
/// Ten times as many as in the official files.
constexpr std::int64_t max_records = 100'000;
constexpr std::int64_t max_name_bytes = 100'000;

using Bytes = std::vector<std::uint8_t>;

std::vector<std::string> file_names(Split split) {
  if (split == Split::test) return {"test_batch.bin"};
  return {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
}

std::int64_t records_in(const Bytes& bytes) {
  return static_cast<std::int64_t>(bytes.size()) / record_bytes;
}

Bytes read_records(const std::filesystem::path& path) {
  Bytes bytes = read_file("cifar10", path, max_records * record_bytes);
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size == 0 || size % record_bytes != 0) {
    throw IoError(
        fmt::format("cifar10: {}: expected a multiple of {} bytes (records of 1 label and {} pixel values), "
                    "got {} bytes ({} "
                    "records and {} bytes)",
                    path.string(), record_bytes, 3 * cifar_pixels, size, size / record_bytes, size % record_bytes));
  }
  for (std::int64_t record = 0; record < records_in(bytes); ++record) {
    const int label = bytes[static_cast<std::size_t>(record * record_bytes)];
    if (label >= cifar_classes) {
      throw IoError(fmt::format("cifar10: {}: record {}: expected a label of 0 to {}, got {}", path.string(), record,
                                cifar_classes - 1, label));
    }
  }
  return bytes;
}

std::vector<std::string> read_names(const std::filesystem::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) return names;
  const Bytes bytes = read_file("cifar10", path, max_name_bytes);
  std::istringstream file(std::string(bytes.begin(), bytes.end()));
  for (std::string line; std::getline(file, line);) {
    std::erase(line, '\r');
    if (!line.empty()) names.push_back(line);
  }
  if (static_cast<std::int64_t>(names.size()) != cifar_classes) {
    throw IoError(fmt::format("cifar10: {}: expected {} names, got {}", path.string(), cifar_classes, names.size()));
  }
  return names;
}

ArrayDataset read(const std::filesystem::path& dir, Split split) {
  std::vector<Bytes> files;
  std::int64_t count = 0;
  for (const std::string& name : file_names(split)) {
    files.push_back(read_records(dir / name));
    count += records_in(files.back());
  }
  Array images = Array::empty({count, 3, cifar_side, cifar_side}, DType::u8, MemoryFormat::channels_last);
  Array labels = Array::empty({count}, DType::i64);
  auto* image = images.mutable_data<std::uint8_t>();
  auto* label = labels.mutable_data<std::int64_t>();
  for (const Bytes& bytes : files) {
    for (std::int64_t record = 0; record < records_in(bytes); ++record) {
      const std::uint8_t* in = bytes.data() + record * record_bytes;
      *label++ = *in++;
      for (std::int64_t pixel = 0; pixel < cifar_pixels; ++pixel) {
        for (std::int64_t channel = 0; channel < 3; ++channel) *image++ = in[channel * cifar_pixels + pixel];
      }
    }
  }
  return ArrayDataset(std::move(images), std::move(labels), read_names(dir / "batches.meta.txt"));
}

}  // namespace

Cifar10::Cifar10(const std::string& dir, Split split) : ArrayDataset(read(dir, split)) {}

}  // namespace tapestry::data
