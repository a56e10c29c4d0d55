#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/viz/curves.hpp>

namespace tapestry::viz {
namespace {

constexpr int panel_width = 700;
constexpr int panel_height = 500;
constexpr double largest_drawn = 1e300;
constexpr std::chrono::seconds gnuplot_time_limit{30};
constexpr std::array<std::string_view, 6> line_colors = {"#1f77b4", "#ff7f0e", "#2ca02c",
                                                         "#d62728", "#9467bd", "#8c564b"};

std::string reason(int error) {
  return std::error_code(error, std::generic_category()).message();
}

/// The text as a gnuplot string. All characters except ASCII letters and spaces are octal escapes, so that gnuplot
/// interprets none of them (a digit could extend a preceding escape); control characters become spaces.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || code <= ' ' || code == 0x7f) {
      result += plain ? c : ' ';
    } else {
      result += fmt::format("\\{:03o}", code);
    }
  }
  return result + '"';
}

/// Gnuplot cannot draw axes up to the largest numbers.
bool is_drawable(double value) {
  return std::abs(value) <= largest_drawn;
}

/// The range of an axis: that of the drawable values, with a margin.
std::string range_of(const Panel& panel, std::vector<double> Series::*values, double margin_share) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Series& series : panel.series) {
    for (const double value : series.*values) {
      if (!is_drawable(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high) return "[0:1]";
  // A single value gets a range that its digits can express.
  const double margin = high > low ? (high - low) * margin_share : std::max(0.5, std::abs(high) * 1e-12);
  return fmt::format("[{}:{}]", low - margin, high + margin);
}

/// Tic marks at whole epochs; by default gnuplot marks halves if there are few epochs.
std::string x_marks(const Panel& panel) {
  for (const Series& series : panel.series) {
    const bool few = std::ranges::all_of(series.x, [&](double x) {
      return std::floor(x) == x && std::abs(x) < 1e11 && std::abs(x - series.x.front()) <= 12;
    });
    if (!few) return "autofreq";
  }
  return "1";
}

std::string panel_script(const Panel& panel, std::size_t index) {
  std::string script;
  std::vector<std::string> plots;
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    const Series& series = panel.series[i];
    const std::string data = fmt::format("$panel{}_{}", index, i);
    script += data + " << end_of_data\n";
    for (std::size_t point = 0; point < series.x.size(); ++point) {
      const bool is_drawn = is_drawable(series.x[point]) && is_drawable(series.y[point]);
      script += is_drawn ? fmt::format("{} {}\n", series.x[point], series.y[point]) : "\n";
    }
    script += "end_of_data\n";
    const bool has_points = std::ranges::any_of(series.y, is_drawable);
    plots.push_back(
        fmt::format("{} with linespoints linewidth 2.5 pointtype 7 pointsize {} linecolor rgb '{}' title {}",
                    has_points ? data + " using 1:2" : "NaN", series.x.size() > 40 ? 0 : 0.7,
                    line_colors[i % line_colors.size()], in_quotes(series.name)));
  }
  if (plots.empty()) plots.emplace_back("NaN notitle");
  script += fmt::format("set xlabel {}\nset ylabel {}\nset xrange {}\nset xtics {}\nset yrange {}\nplot {}\n",
                        in_quotes(panel.x_label), in_quotes(panel.y_label), range_of(panel, &Series::x, 0.02),
                        x_marks(panel), range_of(panel, &Series::y, 0.05), fmt::join(plots, ", "));
  return script;
}

/// Gnuplot writes the picture to standard output, because it could interpret a file name in the script as a command.
std::string script_of(const std::string& title, const std::vector<Panel>& panels) {
  std::string script = fmt::format(
      "set encoding utf8\n"
      "set terminal pngcairo noenhanced size {},{} font 'DejaVu Sans,12' background rgb 'white'\n"
      "set border 3 linecolor rgb '#444444'\n"
      "set tics nomirror out textcolor rgb '#222222'\n"
      "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
      "set key outside above right horizontal samplen 2\n"
      "set rmargin 3\n"
      "set multiplot layout 1,{} title {} font ',16'\n",
      panel_width * panels.size(), panel_height, panels.size(), in_quotes(title));
  for (std::size_t i = 0; i < panels.size(); ++i) script += panel_script(panels[i], i);
  return script + "unset multiplot\n";
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// An unnamed temporary file, used as one of gnuplot's standard streams.
File nameless_file() {
  File file(std::tmpfile());
  if (!file) throw IoError("write_curves: cannot create a temporary file: " + reason(errno));
  return file;
}

std::string contents(std::FILE* file) {
  std::string text;
  std::rewind(file);
  std::array<char, 1 << 14> block{};
  for (std::size_t count = 0; (count = std::fread(block.data(), 1, block.size(), file)) > 0;) {
    text.append(block.data(), count);
  }
  return text;
}

/// The exit status of a child process. Kills it after the time limit.
int status_of(pid_t child) {
  const auto end = std::chrono::steady_clock::now() + gnuplot_time_limit;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      throw IoError(fmt::format("write_curves: gnuplot did not finish in {} s", gnuplot_time_limit.count()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status;
}

/// Gnuplot's standard output for a script. Does not start a shell.
std::string run_gnuplot(const std::string& script) {
  const File input = nameless_file();
  const File output = nameless_file();
  const File errors = nameless_file();
  if (std::fwrite(script.data(), 1, script.size(), input.get()) != script.size() || std::fflush(input.get()) != 0) {
    throw IoError("write_curves: cannot write a temporary file: " + reason(errno));
  }
  std::rewind(input.get());

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(output.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(errors.get()), STDERR_FILENO);
  std::string name = "gnuplot";
  std::string defaults = "--default-settings";
  const std::array<char*, 3> arguments = {name.data(), defaults.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    throw IoError("write_curves: gnuplot is not installed\nhint: apt-get install gnuplot-nox");
  }
  if (error != 0) throw IoError("write_curves: cannot start gnuplot: " + reason(error));

  const int status = status_of(child);
  std::string picture = contents(output.get());
  if (status != 0 || !picture.starts_with("\x89PNG")) {
    throw IoError("write_curves: gnuplot failed: " + contents(errors.get()));
  }
  return picture;
}

void check(const std::vector<Panel>& panels) {
  if (panels.empty()) throw ValueError("write_curves: expected at least one panel");
  for (const Panel& panel : panels) {
    for (const Series& series : panel.series) {
      if (series.x.size() != series.y.size()) {
        throw ValueError(fmt::format("write_curves: the series \"{}\" has {} x values and {} y values", series.name,
                                     series.x.size(), series.y.size()));
      }
    }
  }
}

}  // namespace

void write_curves(const std::string& path, const std::string& title, const std::vector<Panel>& panels) {
  check(panels);
  const std::string picture = run_gnuplot(script_of(title, panels));
  replace_file(path, {std::as_bytes(std::span(picture))});
}

}  // namespace tapestry::viz
