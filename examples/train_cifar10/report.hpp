// What a run leaves behind: metrics.csv, curves.png, predictions.png, filters.png.
#pragma once

#include <filesystem>
#include <fstream>
#include <vector>

#include <tapestry/data/dataset.hpp>
#include <tapestry/nn/module.hpp>

#include "training.hpp"

/// The scores of one epoch.
struct EpochScores {
  Score train;
  Score test;
};

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

/// Draws the pictures into a folder. A picture that cannot be drawn is reported and left out.
void write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs,
                    tapestry::nn::Module& model, const tapestry::data::Dataset& test);
