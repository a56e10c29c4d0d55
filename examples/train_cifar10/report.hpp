// The output files of a run: metrics.csv, curves.png, confusion.png, predictions.png, filters.png.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <tapestry/data/dataset.hpp>
#include <tapestry/nn/module.hpp>

#include "training.hpp"

/// The scores of one epoch.
struct EpochScores {
  Score train;
  Score test;
};

/// The column names of metrics.csv, and the cells of one epoch.
std::vector<std::string> metrics_columns();
std::vector<std::string> metrics_row(std::int64_t epoch, const EpochScores& scores);

/// metrics.csv, one row per epoch. Opened before the first epoch, to detect early that the folder is not writable.
class MetricsFile {
 public:
  /// Throws an IoError when the file cannot be written.
  explicit MetricsFile(const std::filesystem::path& path);
  void add(std::int64_t epoch, const EpochScores& scores);

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// A picture file and what it shows.
struct Picture {
  std::filesystem::path path;
  std::string caption;
};

/// Writes the pictures to a folder; `tested` is the last evaluation. A picture that cannot be written is reported and
/// skipped.
std::vector<Picture> write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs,
                                    const Evaluation& tested, tapestry::nn::Module& model,
                                    const tapestry::data::Dataset& test);
