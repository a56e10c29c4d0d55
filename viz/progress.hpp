// A progress bar for long work: one line that is drawn over on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace tapestry::viz {

/// Where a Progress writes and what it counts.
struct ProgressOptions {
  /// What is counted, for the rate.
  std::string unit = "images";
  /// Null: standard output.
  std::ostream* stream = nullptr;
  /// Characters of a line of the terminal; 0: no terminal, plain lines. Left out, standard output is asked,
  /// and other streams are no terminals.
  std::optional<int> columns = std::nullopt;
  /// Seconds since some moment; empty: the steady clock of the system.
  std::function<double()> clock = {};
};

/// Shows how far work on `total` items has come:
///
///     epoch 1/5  ━━━━━━━━━━━────────────────────  35 %  4180 images/s  loss 1.234  0:07 left
///
/// On a terminal the line is drawn over, at most ten times a second. Elsewhere (a file, a pipe) a line
/// without the bar is written every 10 % or 10 seconds.
class Progress {
 public:
  /// The time begins to run here. Throws a ValueError when `total` is negative.
  Progress(std::string label, std::int64_t total, ProgressOptions options = {});
  /// Ends the line when `finish` has not been reached, so that what follows begins on its own.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` items of the total are done; `metrics` is free text in UTF-8 on how it goes.
  void update(std::int64_t done, std::string_view metrics = {});
  /// The work is over: leaves a last line with the last metrics and the time it took. Later calls do nothing.
  void finish();

 private:
  int columns() const;
  double seconds_since(double time) const;
  void draw(int columns);
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
  bool drawn_ = false;  ///< the cursor stands in a line that will be drawn over
  bool finished_ = false;
};

}  // namespace tapestry::viz
