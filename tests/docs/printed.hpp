// What the snippets of a page print and write.
#pragma once

#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "data/temporary_folder.hpp"

/// While it lives, standard output is kept instead of shown, and files without a folder go to one that is removed.
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

  /// What has been printed since the last call.
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
