// The frame of a command-line program: standard streams, errors and the exit code.
#pragma once

#include <functional>
#include <string_view>

namespace tapestry {

/// Runs the body of `main` and returns the program's exit code: that of `body`, or 1 when `body` throws or standard
/// output could not be written completely (it was closed, the disk was full, or the reader of a pipe was gone). Errors
/// are printed to standard error as "name: message".
///
/// First it occupies standard streams that are closed, so that no file opened later receives what is meant for them,
/// and ignores SIGPIPE and SIGXFSZ, so that a broken pipe and a file size limit are errors of the write.
int run_program(std::string_view name, const std::function<int()>& body);

}  // namespace tapestry
