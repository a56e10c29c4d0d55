// The report of a run: report.html.
#pragma once

#include <string>
#include <vector>

#include <tapestry/nn/inspect/summary.hpp>

#include "images.hpp"
#include "options.hpp"
#include "report.hpp"

/// The contents of the page.
struct Run {
  const Options& options;
  const Images& images;
  const tapestry::nn::Summary& summary;
  const std::vector<EpochScores>& epochs;  ///< at least one
  const std::vector<Picture>& pictures;
  std::string weights;  ///< their path
};

/// Writes the page. Throws an IoError when the file cannot be written.
void write_page(const std::string& path, const Run& run);
