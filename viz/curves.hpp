// Training curves, drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

namespace tapestry::viz {

/// One curve: the points (x[i], y[i]). Points that are not finite or beyond ±1e300 leave a gap.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
};

/// One coordinate system with its curves.
struct Panel {
  std::string x_label = "epoch";
  std::string y_label = {};
  std::vector<Series> series = {};
};

/// Draws the panels side by side under a title into a PNG file. The first series of a panel is blue, the second orange.
/// All texts are shown literally. Throws a ValueError when there is no panel or a series does not have one y for each
/// x, and an IoError when gnuplot is not installed, fails or does not finish in 30 s, or the file cannot be written.
void write_curves(const std::string& path, const std::string& title, const std::vector<Panel>& panels);

}  // namespace tapestry::viz
