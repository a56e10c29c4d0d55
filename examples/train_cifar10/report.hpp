// What a run leaves behind in figures and pictures: metrics.csv, curves.png, confusion.png, predictions.png,
// filters.png.
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

/// The columns of metrics.csv, and their texts for an epoch.
std::vector<std::string> metrics_columns();
std::vector<std::string> metrics_row(std::int64_t epoch, const EpochScores& scores);

/// metrics.csv, a row an epoch. Opened before the first epoch, so that a folder that cannot be written is found out
/// then.
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

/// Draws the pictures into a folder; `tested` is the last evaluation. A picture that cannot be drawn is reported and
/// left out.
std::vector<Picture> write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs,
                                    const Evaluation& tested, tapestry::nn::Module& model,
                                    const tapestry::data::Dataset& test);
