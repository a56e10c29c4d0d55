// The command line of train_cifar10.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

struct Options {
  std::filesystem::path data;  ///< empty: generated shapes
  std::string model = "small_cnn";
  std::string optimizer = "sgd";
  std::int64_t epochs = 5;
  std::int64_t batch_size = 128;
  std::optional<double> lr;
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: OpenMP's default
  std::filesystem::path out = "runs/train_cifar10";
  std::int64_t max_steps = 0;      ///< 0: no limit
  std::filesystem::path evaluate;  ///< weights to evaluate instead of training
  bool summary = false;            ///< print the layers instead of training
  bool profile = false;            ///< print the time spent in each operator and layer
  std::filesystem::path trace;     ///< file for the trace of the first steps; empty: none
};

/// The maximum learning rate: --lr, or the optimizer's default.
double highest_lr(const Options& options);

/// A description of the data set: the folder, or "generated shapes".
std::string name_of_data(const Options& options);

struct CommandLine {
  Options options;
  std::optional<int> exit_code;  ///< the program has nothing more to do
};

/// Parses the command line. The exit code is 0 after printing --help, and 2 after a one-line error message.
CommandLine parse_options(int argc, char** argv);
