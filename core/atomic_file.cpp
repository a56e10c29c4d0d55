#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temporary_prefix = ".tapestry-";
constexpr std::string_view temporary_suffix = ".tmp";

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int get() const { return number_; }

 private:
  int number_;
};

Descriptor open_file(const std::string& name, int flags) {
  return Descriptor(uninterrupted([&] { return open(name.c_str(), flags | O_CLOEXEC, 0666); }));
}

/// Takes the lock that says that the process behind a temporary file lives.
bool lock(const Descriptor& file) {
  return uninterrupted([&] { return flock(file.get(), LOCK_EX | LOCK_NB); }) == 0;
}

bool is_still_in_folder(const Descriptor& file) {
  struct stat status {};
  return fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

/// Removes the temporary files in a folder that nobody has locked.
void remove_abandoned(const fs::path& folder) {
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(temporary_prefix) || !name.ends_with(temporary_suffix)) continue;
    const Descriptor file = open_file(entry->path().string(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file.get() >= 0 && lock(file)) unlink(entry->path().c_str());
  }
}

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
  [[noreturn]] void fail(const char* step) const { fail(step, {errno, std::generic_category()}); }
  [[noreturn]] void fail(const char* step, const std::error_code& reason) const;
  void follow_links();
  void check_target();
  void create();
  /// Flushes the rename to disk. The file is complete without it, so a failure is not an error.
  void sync_folder() const noexcept;

  std::string path_;
  fs::path target_;
  fs::path folder_;
  /// The permissions of the file to be replaced.
  std::optional<mode_t> mode_;
  std::string name_;
  Descriptor descriptor_{-1};
};

TemporaryFile::TemporaryFile(const std::string& path) : path_(path), target_(path) {
  if (path.empty()) throw IoError("cannot write a file: expected its name, got an empty path");
  follow_links();
  folder_ = target_.has_parent_path() ? target_.parent_path() : ".";
  check_target();
  remove_abandoned(folder_);
  create();
}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty()) unlink(name_.c_str());
}

void TemporaryFile::follow_links() {
  constexpr int most_links = 40;  // as in Linux
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(target_, error)); ++links) {
    if (links == most_links) fail("follow the link", std::make_error_code(std::errc::too_many_symbolic_link_levels));
    const fs::path next = fs::read_symlink(target_, error);
    if (error) fail("follow the link", error);
    target_ = target_.parent_path() / next;
  }
}

void TemporaryFile::check_target() {
  struct stat status {};
  if (stat(target_.c_str(), &status) != 0) {
    if (errno != ENOENT) fail("write");
    return;
  }
  if (!S_ISREG(status.st_mode)) {
    throw IoError(fmt::format("{}: cannot write: it exists and is not a regular file", path_));
  }
  // Renaming needs no permission to write the file itself. The superuser has it whatever the mode is.
  const bool is_protected = (status.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0;
  if (is_protected) errno = EACCES;
  if (is_protected || faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) fail("write");
  mode_ = status.st_mode & static_cast<mode_t>(~S_IFMT);
}

void TemporaryFile::create() {
  // A process in another container may use the same number.
  for (int attempt = 0; descriptor_.get() < 0; ++attempt) {
    name_ = (folder_ / fmt::format("{}{}-{}{}", temporary_prefix, getpid(), attempt, temporary_suffix)).string();
    Descriptor file = open_file(name_, O_WRONLY | O_CREAT | O_EXCL);
    if (file.get() < 0) {
      if (errno == EEXIST && attempt < 1000) continue;
      name_.clear();
      fail("create a temporary file beside it");
    }
    // Somebody may have taken it for abandoned until now. In a file system without locks, nobody does.
    if (!lock(file) && errno == EWOULDBLOCK) continue;
    if (is_still_in_folder(file)) descriptor_ = std::move(file);
  }
  // A closed standard stream leaves its number free; what is printed must not end up in the file.
  if (descriptor_.get() <= STDERR_FILENO) {
    descriptor_ = Descriptor(fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (descriptor_.get() < 0) fail("create a temporary file beside it");
  }
  if (mode_ && fchmod(descriptor_.get(), *mode_) != 0) fail("keep the permissions");
}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = uninterrupted([&] { return ::write(descriptor_.get(), bytes.data(), bytes.size()); });
    if (written == 0) errno = ENOSPC;
    if (written <= 0) fail("write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TemporaryFile::commit() {
  if (uninterrupted([&] { return fsync(descriptor_.get()); }) != 0) fail("write");
  // Renamed while it is locked: nobody may take it for abandoned.
  if (std::rename(name_.c_str(), target_.c_str()) != 0) fail("replace the file");
  name_.clear();
  sync_folder();
}

void TemporaryFile::fail(const char* step, const std::error_code& reason) const {
  throw IoError(fmt::format("{}: cannot {}: {}", path_, step, reason.message()));
}

void TemporaryFile::sync_folder() const noexcept {
  const Descriptor folder = open_file(folder_.string(), O_RDONLY | O_DIRECTORY);
  if (folder.get() >= 0) fsync(folder.get());
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
