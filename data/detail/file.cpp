#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/detail/file.hpp>

namespace tapestry::data {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string last_reason() {
  return std::generic_category().message(errno);
}

}  // namespace

std::vector<std::uint8_t> read_file(std::string_view operation, const std::filesystem::path& path,
                                    std::int64_t max_bytes) {
  const auto fail = [&](const std::string& reason) {
    throw IoError(fmt::format("{}: cannot read {}: {}", operation, path.string(), reason));
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  // Opening a pipe would block.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    fail(std::filesystem::is_directory(status) ? "it is a directory" : "it is not a regular file");
  }
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) fail(last_reason());
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) fail(error.message());
  if (size > static_cast<std::uintmax_t>(max_bytes)) {
    throw IoError(fmt::format("{}: {}: {} bytes exceed the limit of {}", operation, path.string(), size, max_bytes));
  }
  std::vector<std::uint8_t> bytes(size);
  const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file.get());
  if (std::ferror(file.get()) != 0) fail(last_reason());
  if (count != bytes.size()) fail(fmt::format("expected {} bytes, got {}", bytes.size(), count));
  return bytes;
}

}  // namespace tapestry::data
