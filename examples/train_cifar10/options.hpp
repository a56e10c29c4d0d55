// The command line of train_cifar10.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

struct Options {
  std::filesystem::path data;  ///< empty: the drawn shapes
  std::string model = "small_cnn";
  std::string optimizer = "sgd";
  std::int64_t epochs = 5;
  std::int64_t batch_size = 128;
  std::optional<double> lr;
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: as many as OpenMP offers
  std::filesystem::path out = "runs/train_cifar10";
  std::int64_t max_steps = 0;      ///< 0: no limit
  std::filesystem::path evaluate;  ///< weights to measure instead of training
  bool summary = false;            ///< print the layers instead of training
  bool profile = false;            ///< print where the time went
  std::filesystem::path trace;     ///< file for the trace of the first steps; empty: none
};

/// The highest learning rate: the one given, or the optimizer's default.
double highest_lr(const Options& options);

/// What the images are, in words: the folder, or drawn figures.
std::string name_of_data(const Options& options);

/// Reads the command line. For --help, and for a mistake after one line that says what is allowed, ends the process:
/// with exit code 0 and 2.
Options parse_options(int argc, char** argv);
