// Runs the program train_cifar10 on a small folder of images.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>

#include <tapestry/core/array.hpp>
#include <tapestry/data/image/image.hpp>

#include "catch.hpp"
#include "core/generate.hpp"
#include "data/temporary_folder.hpp"

namespace tapestry::testing {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

inline std::string text_of(const fs::path& path) {
  const auto bytes = file_bytes(path);
  return {bytes.begin(), bytes.end()};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A program with its arguments as a shell command. Arguments must not contain single quotes.
inline std::string command_of(const std::string& program, const Arguments& arguments) {
  std::string command = "'" + program + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  return command;
}

/// Runs a shell command in a temporary folder. Its outputs are those of the files "out" and "err".
inline Outcome run_shell(const std::string& command) {
  const TemporaryFolder folder;
  const int status = std::system(("cd '" + folder.path().string() + "' && {\n" + command + "\n}").c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), text_of(folder.path() / "out"), text_of(folder.path() / "err")};
}

/// Runs the program.
inline Outcome run(const Arguments& arguments) {
  return run_shell(command_of(TRAIN_CIFAR10, arguments) + " > out 2> err");
}

/// Classes of images with one color each plus noise, four images of each for training and two for testing.
class SmallDataset {
 public:
  explicit SmallDataset(int classes = 10, std::int64_t train_side = 32, std::int64_t test_side = 32) {
    write("train", classes, 4, train_side);
    write("test", classes, 2, test_side);
  }
  std::string path() const { return folder_.path().string(); }

 private:
  void write(const std::string& split, int classes, int images_per_class, std::int64_t side) {
    for (int label = 0; label < classes; ++label) {
      const fs::path folder = folder_.path() / split / ("class" + std::to_string(label));
      fs::create_directories(folder);
      for (int i = 0; i < images_per_class; ++i) {
        Array image = made_up_.integers({3, side, side}, DType::u8);
        auto* pixels = image.mutable_data<std::uint8_t>();
        for (std::int64_t at = 0; at < image.numel(); ++at) {
          pixels[at] = static_cast<std::uint8_t>(pixels[at] + 20 * ((label + 3 * (at / (side * side))) % 10));
        }
        data::write_png((folder / (std::to_string(i) + ".png")).string(), image);
      }
    }
  }

  Generator made_up_{1};
  TemporaryFolder folder_;
};

/// Arguments for three steps on the small data set.
inline Arguments short_run(const SmallDataset& data, const fs::path& out, const Arguments& more = {}) {
  Arguments arguments = {"--data", data.path(), "--out", out.string(),  "--batch-size",
                         "8",      "--epochs",  "1",     "--max-steps", "3"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace tapestry::testing
