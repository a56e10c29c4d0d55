// A progress bar: one line that is redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace tapestry::viz {

/// Options of `Progress`.
struct ProgressOptions {
  /// The unit of the rate.
  std::string unit = "images";
  /// Null: standard output.
  std::ostream* stream = nullptr;
  /// Width of the terminal in characters; 0: not a terminal, plain lines. By default it is detected for standard
  /// output, and other streams are not terminals.
  std::optional<int> columns = std::nullopt;
  /// Seconds since an arbitrary point in time; empty: the system's steady clock.
  std::function<double()> clock = {};
};

/// Shows the progress of work on `total` items:
///
///     epoch 1/5  ━━━━━━━━━━━────────────────────  35 %  4180 images/s  loss 1.234  0:07 left
///
/// On a terminal the line is redrawn at most ten times a second. Elsewhere (a file, a pipe) a line without the bar is
/// written every 10 % or 10 seconds. When SIGINT, SIGQUIT or SIGTERM ends the program, the line on the terminal is
/// ended first; a program's own handlers stay as they are.
class Progress {
 public:
  /// Starts the clock. Throws a ValueError when `total` is negative.
  Progress(std::string label, std::int64_t total, ProgressOptions options = {});
  /// Ends the line if `finish` has not been called, so that later output begins on a new line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Reports that `done` items are finished; `metrics` is free text in UTF-8.
  void update(std::int64_t done, std::string_view metrics = {});
  /// Prints a last line with the last metrics and the elapsed time. Later calls do nothing.
  void finish();

 private:
  int columns() const;
  double seconds_since(double time) const;
  void draw(int columns);
  void begin_line();
  void end_line();
  void print_line();
  std::string percent() const;
  std::string rate() const;
  std::string time() const;

  std::string label_;
  std::int64_t total_;
  ProgressOptions options_;
  std::ostream& stream_;
  double start_;
  double last_shown_;
  std::int64_t done_ = 0;
  std::int64_t done_shown_ = 0;
  std::string metrics_;
  bool drawn_ = false;  ///< the cursor is in a line that will be redrawn
  bool finished_ = false;
};

}  // namespace tapestry::viz
