// Captures the output of snippets.
#pragma once

#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "data/temporary_folder.hpp"

/// For its lifetime, captures standard output and makes a temporary folder the working directory.
class Printed {
 public:
  Printed() : folder_before_(std::filesystem::current_path()), stream_before_(std::cout.rdbuf(text_.rdbuf())) {
    std::filesystem::current_path(folder_.path());
  }
  ~Printed() {
    std::cout.rdbuf(stream_before_);
    std::filesystem::current_path(folder_before_);
  }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;

  /// The output since the last call.
  std::string take() {
    std::string text = text_.str();
    text_.str("");
    return text;
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path folder_before_;
  std::ostringstream text_;
  std::streambuf* stream_before_;
};
