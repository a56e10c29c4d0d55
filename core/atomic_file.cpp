#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

namespace fs = std::filesystem;

/// A temporary file beside the target, removed unless it replaces the target.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Flushes the file to disk and renames it over the target.
  void commit();

 private:
  [[noreturn]] void fail(const char* step) const;
  /// Flushes the rename to disk. The file is complete without it, so a failure is not an error.
  void sync_folder() const noexcept;

  std::string path_;
  std::string target_;
  std::string name_;
  int descriptor_ = -1;
};

TemporaryFile::TemporaryFile(const std::string& path) : path_(path), target_(path_) {
  std::error_code error;
  const fs::file_status link = fs::symlink_status(path, error);
  if (fs::is_symlink(link)) {
    target_ = fs::weakly_canonical(path, error).string();
    if (error) throw IoError(fmt::format("{}: cannot follow the link: {}", path_, error.message()));
  }
  const fs::file_status status = fs::status(target_, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw IoError(fmt::format("{}: cannot write: it exists and is not a regular file", path_));
  }
  // A killed process may have left a temporary file under any of these names.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    name_ = fmt::format("{}.{}.{}.tmp", target_, getpid(), attempt);
    descriptor_ = open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && (errno != EEXIST || attempt == 1000)) fail("create a temporary file beside it");
  }
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!name_.empty()) unlink(name_.c_str());
}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;
    if (written <= 0) fail("write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TemporaryFile::commit() {
  if (fsync(descriptor_) != 0) fail("write");
  // Some file systems report a failed write only here.
  if (close(std::exchange(descriptor_, -1)) != 0) fail("write");
  if (std::rename(name_.c_str(), target_.c_str()) != 0) fail("replace the file");
  name_.clear();
  sync_folder();
}

void TemporaryFile::fail(const char* step) const {
  const std::error_code reason(errno, std::generic_category());
  throw IoError(fmt::format("{}: cannot {}: {}", path_, step, reason.message()));
}

void TemporaryFile::sync_folder() const noexcept {
  const std::size_t slash = target_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

void replace_file(const std::string& path, const std::vector<std::span<const std::byte>>& pieces) {
  TemporaryFile file(path);
  for (const auto& piece : pieces) file.write(piece);
  file.commit();
}

void require_replaceable(const std::string& path) {
  const TemporaryFile probe(path);
}

}  // namespace tapestry
