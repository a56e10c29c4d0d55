#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>

#include "catch.hpp"

namespace test_atomic_file {
namespace {

namespace fs = std::filesystem;

/// The fault to inject: the `countdown`-th system call from now fails with `error`, and every later one too.
/// A short write writes one byte and succeeds.
struct Fault {
  int countdown = 0;
  int error = 0;
  bool short_writes = false;
  bool armed = false;
  bool interrupts = false;      ///< every other call fails with EINTR
  bool kill_in_write = false;   ///< SIGKILL
  bool hang_in_write = false;   ///< SIGSTOP
  bool print_in_write = false;  ///< something else writes to standard output
} fault;

bool is_interrupted() {
  static bool every_other = false;
  if (!fault.armed || !fault.interrupts) return false;
  every_other = !every_other;
  if (every_other) errno = EINTR;
  return every_other;
}

bool is_due() {
  return fault.armed && fault.countdown-- <= 0;
}

template <class... Args>
int call(long number, Args... args) {
  if (is_due()) {
    errno = fault.error;
    return -1;
  }
  return static_cast<int>(syscall(number, args...));
}

}  // namespace

// Definitions in the program take precedence over those of the C library.
extern "C" {

ssize_t write(int descriptor, const void* bytes, std::size_t count) {
  if (is_interrupted()) return -1;
  if (fault.armed && fault.kill_in_write) raise(SIGKILL);
  if (fault.armed && fault.hang_in_write) raise(SIGSTOP);
  if (fault.armed && fault.print_in_write) syscall(SYS_write, STDOUT_FILENO, "printed", 7);
  if (fault.armed && fault.short_writes && count > 1) count = 1;
  if (is_due()) {
    errno = fault.error;
    return -1;
  }
  return syscall(SYS_write, descriptor, bytes, count);
}

int fsync(int descriptor) {
  return is_interrupted() ? -1 : call(SYS_fsync, descriptor);
}

int close(int descriptor) {
  const int result = static_cast<int>(syscall(SYS_close, descriptor));
  // Linux closes the file whether or not the call is interrupted.
  return is_interrupted() ? -1 : result;
}

int rename(const char* from, const char* to) noexcept {
  return call(SYS_renameat2, -100, from, -100, to, 0);  // -100: relative to the working directory
}

}  // extern "C"

namespace {

/// A temporary folder, removed at the end of the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tapestry_atomic_file_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::ptrdiff_t count() const { return std::distance(fs::directory_iterator(path_), fs::directory_iterator()); }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const std::string& path, std::string_view first, std::string_view second = "") {
  tapestry::replace_file(path, {std::as_bytes(std::span(first)), std::as_bytes(std::span(second))});
}

/// The error message of `replace_file` under a fault; "" if it succeeds.
std::string replace_under(const Fault& injected, const std::string& path, std::string_view text) {
  fault = injected;
  fault.armed = true;
  std::string said;
  try {
    replace(path, text.substr(0, 3), text.substr(3));
  } catch (const tapestry::IoError& error) {
    said = error.what();
  }
  fault.armed = false;
  return said;
}

}  // namespace

TEST_CASE("replace_file writes the pieces in order and leaves no other files") {
  const Folder folder;
  replace(folder.file("a"), "old");
  replace(folder.file("a"), "new", " text");
  CHECK(contents(folder.file("a")) == "new text");
  CHECK(folder.count() == 1);
}

TEST_CASE("a failure of any system call leaves the old file and no temporary file") {
  const Folder folder;
  const std::string path = folder.file("a");
  replace(path, "old");
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    // The calls are: two writes, fsync, rename.
    for (int failing = 0; failing < 4; ++failing) {
      const std::string said = replace_under({.countdown = failing, .error = error}, path, "new text");
      INFO("call " << failing << ": " << said);
      CHECK_THAT(said, ContainsSubstring(path + ": cannot ") && ContainsSubstring(std::strerror(error)));
      CHECK(contents(path) == "old");
      CHECK(folder.count() == 1);
    }
  }
  CHECK(replace_under({.countdown = 4, .error = EIO}, path, "new text").empty());
  CHECK(contents(path) == "new text");
}

TEST_CASE("short writes are continued and a disk that then fills up is an error") {
  const Folder folder;
  const std::string path = folder.file("a");
  replace(path, "old");
  CHECK(replace_under({.countdown = 5, .error = ENOSPC, .short_writes = true}, path, "new text") ==
        path + ": cannot write: No space left on device");
  CHECK(contents(path) == "old");
  CHECK(folder.count() == 1);
  CHECK(replace_under({.countdown = 100, .error = 0, .short_writes = true}, path, "new text").empty());
  CHECK(contents(path) == "new text");
}

TEST_CASE("a missing or read-only folder is an error before anything is written") {
  const Folder folder;
  const std::string path = folder.file("missing/a");
  CHECK_THROWS_WITH(tapestry::require_replaceable(path),
                    path + ": cannot create a temporary file beside it: No such file or directory");
  CHECK_THROWS_AS(replace("/proc/a", "text"), tapestry::IoError);
  if (geteuid() != 0) {
    fs::create_directory(folder.file("closed"));
    fs::permissions(folder.file("closed"), fs::perms::owner_read | fs::perms::owner_exec);
    CHECK_THROWS_WITH(tapestry::require_replaceable(folder.file("closed/a")), ContainsSubstring("Permission denied"));
  }
}

TEST_CASE("require_replaceable leaves the folder unchanged") {
  const Folder folder;
  replace(folder.file("a"), "old");
  tapestry::require_replaceable(folder.file("a"));
  tapestry::require_replaceable(folder.file("b"));
  CHECK(contents(folder.file("a")) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("devices and folders are not replaced") {
  const Folder folder;
  CHECK_THROWS_WITH(replace("/dev/full", "text"), "/dev/full: cannot write: it exists and is not a regular file");
  fs::create_directory(folder.file("a"));
  CHECK_THROWS_WITH(replace(folder.file("a"), "text"), ContainsSubstring("is not a regular file"));
  CHECK(folder.count() == 1);
}

TEST_CASE("a symbolic link still points to the replaced file") {
  const Folder folder;
  replace(folder.file("a"), "old");
  fs::create_symlink("a", folder.file("link"));
  replace(folder.file("link"), "new");
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(contents(folder.file("a")) == "new");
}

TEST_CASE("a symbolic link to a file that does not exist creates that file") {
  const Folder folder;
  fs::create_directory(folder.file("elsewhere"));
  fs::create_symlink("second", folder.file("first"));
  fs::create_symlink("elsewhere/a", folder.file("second"));
  tapestry::require_replaceable(folder.file("first"));
  replace(folder.file("first"), "new");
  CHECK(fs::is_symlink(folder.file("first")));
  CHECK(fs::is_symlink(folder.file("second")));
  CHECK(contents(folder.file("elsewhere/a")) == "new");
  fs::create_symlink("circle", folder.file("circle"));
  CHECK_THROWS_WITH(replace(folder.file("circle"), "new"),
                    folder.file("circle") + ": cannot follow the link: Too many levels of symbolic links");
}

TEST_CASE("a replaced file keeps its permissions") {
  const Folder folder;
  for (const mode_t mode : {0600U, 0640U, 0666U, 0755U}) {
    const std::string path = folder.file("a");
    replace(path, "old");
    REQUIRE(chmod(path.c_str(), mode) == 0);
    replace(path, "new");
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == mode);
  }
}

TEST_CASE("a write-protected file is not replaced") {
  const Folder folder;
  const std::string path = folder.file("a");
  replace(path, "old");
  REQUIRE(chmod(path.c_str(), 0444) == 0);
  CHECK_THROWS_WITH(replace(path, "new"), path + ": cannot write: Permission denied");
  CHECK_THROWS_WITH(tapestry::require_replaceable(path), path + ": cannot write: Permission denied");
  CHECK(contents(path) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("every name that the file system allows can be written and an empty one cannot") {
  const Folder folder;
  for (const std::size_t length : {1U, 244U, 245U, 255U}) {
    const std::string path = folder.file(std::string(length, 'n'));
    tapestry::require_replaceable(path);
    replace(path, "new");
    CHECK(contents(path) == "new");
  }
  const std::string path = folder.file(std::string(256, 'n'));
  CHECK_THROWS_WITH(tapestry::require_replaceable(path), path + ": cannot write: File name too long");
  CHECK_THROWS_WITH(replace("", "new"), "cannot write a file: expected its name, got an empty path");
  CHECK_THROWS_WITH(tapestry::require_replaceable(""), "cannot write a file: expected its name, got an empty path");
}

TEST_CASE("interrupted system calls are not failures") {
  const Folder folder;
  const std::string path = folder.file("a");
  CHECK(replace_under({.countdown = 1000, .interrupts = true}, path, "new text").empty());
  CHECK(contents(path) == "new text");
  CHECK(folder.count() == 1);
}

TEST_CASE("temporary files of killed processes are removed and those of live ones stay") {
  const Folder folder;
  // A child that hangs in its first write, or is killed there.
  const auto writer = [&](bool is_killed) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      fault = {.countdown = 1000, .armed = true, .kill_in_write = is_killed, .hang_in_write = !is_killed};
      replace(folder.file("a"), "text");
      _exit(0);
    }
    return child;
  };
  REQUIRE(waitpid(writer(true), nullptr, 0) > 0);
  CHECK(folder.count() == 1);
  const pid_t live = writer(false);
  // It removes the first file and creates its own.
  int status = 0;
  REQUIRE(waitpid(live, &status, WUNTRACED) == live);
  REQUIRE(WIFSTOPPED(status));
  CHECK(folder.count() == 1);
  replace(folder.file("b"), "text");
  CHECK(folder.count() == 2);
  REQUIRE(kill(live, SIGCONT) == 0);
  REQUIRE(waitpid(live, &status, 0) == live);
  CHECK(WIFEXITED(status));
  CHECK(contents(folder.file("a")) == "text");
  CHECK(folder.count() == 2);
}

TEST_CASE("a file written while standard output is closed does not receive what is printed") {
  const Folder folder;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    fault = {.countdown = 1000, .armed = true, .print_in_write = true};
    close(STDOUT_FILENO);
    replace(folder.file("a"), "text");
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(contents(folder.file("a")) == "text");
}

}  // namespace test_atomic_file
