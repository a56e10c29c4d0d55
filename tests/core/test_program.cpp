#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/program.hpp>

#include "catch.hpp"

namespace test_program {
namespace {

/// The exit code of a program with this body; `prepare` runs before it.
int exit_code_of(const std::function<void()>& prepare, const std::function<int()>& body) {
  std::cout.flush();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDOUT_FILENO);
    dup2(quiet, STDERR_FILENO);
    close(quiet);
    prepare();
    _exit(tapestry::run_program("test", body));
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int print_with_cout() {
  std::cout << "text";
  return 0;
}

int print_with_stdio() {
  std::fputs("text", stdout);
  return 0;
}

void redirect_output(int descriptor) {
  dup2(descriptor, STDOUT_FILENO);
}

}  // namespace

TEST_CASE("a program returns the code of its body and one after an exception") {
  const auto nothing = [] {};
  CHECK(exit_code_of(nothing, [] { return 0; }) == 0);
  CHECK(exit_code_of(nothing, [] { return 3; }) == 3);
  CHECK(exit_code_of(nothing, []() -> int { throw std::runtime_error("text"); }) == 1);
  CHECK(exit_code_of(nothing, print_with_cout) == 0);
  CHECK(exit_code_of(nothing, print_with_stdio) == 0);
}

TEST_CASE("a program whose standard output cannot be written fails") {
  const auto close_it = [] { close(STDOUT_FILENO); };
  const auto fill_it = [] { redirect_output(open("/dev/full", O_WRONLY)); };
  const auto break_it = [] {
    int ends[2];
    if (pipe(ends) != 0) _exit(99);
    redirect_output(ends[1]);
    close(ends[0]);
    close(ends[1]);
  };
  for (const std::function<void()>& prepare : {std::function<void()>(close_it), {fill_it}, {break_it}}) {
    for (const auto& print : {print_with_cout, print_with_stdio}) {
      CHECK(exit_code_of(prepare, print) == 1);
    }
    CHECK(exit_code_of(prepare, [] { return 2 + print_with_cout(); }) == 2);
    CHECK(exit_code_of(prepare, [] { return 0; }) == 0);
  }
}

TEST_CASE("files that a program opens do not become its standard streams") {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    CHECK(exit_code_of([=] { close(stream); }, [] { return open("/dev/null", O_WRONLY) > STDERR_FILENO ? 0 : 5; }) ==
          0);
  }
}

TEST_CASE("a file size limit is an error that a program can report") {
  const std::string file = (std::filesystem::temp_directory_path() / "tapestry_size_limit").string();
  const auto limit = [] {
    const rlimit bytes = {1, 1};
    setrlimit(RLIMIT_FSIZE, &bytes);
  };
  const int code = exit_code_of(limit, [&] {
    tapestry::replace_file(file, {std::as_bytes(std::span(std::string_view("text")))});
    return 0;
  });
  CHECK(code == 1);
  CHECK_FALSE(std::filesystem::exists(file));
}

}  // namespace test_program
