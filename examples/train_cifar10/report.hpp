// The output files of a run: metrics.csv, curves.png, confusion.png, predictions.png, filters.png.
#pragma once

#include <filesystem>
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

/// Writes metrics.csv, with one row per epoch. Throws an IoError when the file cannot be written.
void write_metrics(const std::string& path, const std::vector<EpochScores>& epochs);

/// A picture file and what it shows.
struct Picture {
  std::filesystem::path path;
  std::string caption;
};

/// Removes the pictures of an earlier run from a folder.
void remove_pictures(const std::filesystem::path& out);

/// The number of pictures of a run.
inline constexpr std::size_t picture_count = 4;

/// Writes the pictures to a folder; `tested` is the last evaluation. A picture that cannot be written is reported and
/// missing in the result.
std::vector<Picture> write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs,
                                    const Evaluation& tested, tapestry::nn::Module& model,
                                    const tapestry::data::Dataset& test);
