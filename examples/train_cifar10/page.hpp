// A run on one page to read and to hand on: report.html.
#pragma once

#include <string>
#include <vector>

#include <tapestry/nn/inspect/summary.hpp>

#include "images.hpp"
#include "options.hpp"
#include "report.hpp"

/// What the page tells.
struct Run {
  const Options& options;
  const Images& images;
  const tapestry::nn::Summary& summary;
  const std::vector<EpochScores>& epochs;  ///< at least one
  const std::vector<Picture>& pictures;
  std::string weights;  ///< where they are
};

/// Throws an IoError when the file cannot be written.
void write_page(const std::string& path, const Run& run);
