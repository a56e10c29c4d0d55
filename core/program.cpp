#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include <fcntl.h>
#include <unistd.h>

#include <tapestry/core/program.hpp>

namespace tapestry {
namespace {

/// Opens each closed standard stream in the direction in which it is not used: reads and writes still fail.
void occupy_standard_streams() {
  constexpr std::array<int, 3> unused_direction = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    // The lowest free descriptor is `stream`, as those below it are open.
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", unused_direction[static_cast<std::size_t>(stream)]);
  }
}

bool standard_output_is_complete() {
  std::cout.flush();
  return std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace

int run_program(std::string_view name, const std::function<int()>& body) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  int exit_code = 1;
  try {
    exit_code = body();
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << "\n";
  }
  if (!standard_output_is_complete()) {
    std::cerr << name << ": standard output: not everything could be written\n";
    if (exit_code == 0) exit_code = 1;
  }
  return exit_code;
}

}  // namespace tapestry
