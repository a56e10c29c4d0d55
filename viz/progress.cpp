#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/text_columns.hpp>
#include <tapestry/viz/progress.hpp>

namespace tapestry::viz {
namespace {

constexpr double seconds_between_drawings = 0.1;
constexpr double seconds_between_lines = 10;
constexpr int longest_bar = 40;
constexpr int shortest_bar = 8;

/// The columns of the terminal on standard output; 0 if it is not a terminal that can redraw a line.
int terminal_columns() {
  const char* kind = std::getenv("TERM");
  if (isatty(STDOUT_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The options with defaults filled in.
ProgressOptions completed(ProgressOptions options) {
  if (!options.clock) options.clock = steady_seconds;
  return options;
}

/// The number of bars in standard output whose line has not ended.
std::atomic<int> open_lines = 0;

extern "C" void end_line(int signal) {
  // Only functions that a signal handler may call. If the newline is lost, so is the terminal.
  if (open_lines > 0) [[maybe_unused]]
    const ssize_t written = write(STDOUT_FILENO, "\n", 1);
  raise(signal);
}

/// Lets the signals that end a program end the line first, unless the program handles them.
void end_line_on_signals() {
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM}) {
    struct sigaction before {};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = end_line;
    // The default action follows when `end_line` raises the signal again.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

/// `parts` · done / total, rounded down, for counts of any size; all parts of nothing.
std::int64_t share(std::int64_t parts, std::int64_t done, std::int64_t total) {
  if (total == 0) return parts;
  const std::int64_t scale = total / (std::numeric_limits<std::int64_t>::max() / parts) + 1;
  return parts * (done / scale) / (total / scale);
}

std::string repeat(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

/// "0:07", "12:34" or "1:02:03".
std::string clock_text(double seconds) {
  const std::int64_t total = std::llround(seconds);
  const std::int64_t hours = total / 3600;
  const std::int64_t minutes = total / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60);
  return fmt::format("{}:{:02}", minutes, total % 60);
}

}  // namespace

Progress::Progress(std::string label, std::int64_t total, ProgressOptions options)
    : label_(std::move(label)),
      total_(total),
      options_(completed(std::move(options))),
      stream_(options_.stream != nullptr ? *options_.stream : std::cout),
      start_(options_.clock()),
      last_shown_(start_) {
  if (total < 0) throw ValueError(fmt::format("progress: the total must not be negative, got {}", total));
  if (const int width_now = columns(); width_now > 0) draw(width_now);
}

Progress::~Progress() {
  end_line();
}

void Progress::update(std::int64_t done, std::string_view metrics) {
  if (finished_) return;
  done_ = std::clamp<std::int64_t>(done, 0, total_);
  metrics_ = metrics;
  const double waited = seconds_since(last_shown_);
  if (const int width_now = columns(); width_now > 0) {
    if (waited >= seconds_between_drawings) draw(width_now);
  } else if (done_ < total_ && (waited >= seconds_between_lines || share(10, done_ - done_shown_, total_) > 0)) {
    print_line();
  }
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (const int width_now = columns(); width_now > 0) {
    draw(width_now);
    end_line();
  } else {
    print_line();
  }
}

int Progress::columns() const {
  if (options_.columns) return *options_.columns;
  return options_.stream == nullptr ? terminal_columns() : 0;
}

double Progress::seconds_since(double time) const {
  return options_.clock() - time;
}

void Progress::draw(int columns) {
  std::string after = percent() + rate();
  if (!metrics_.empty()) after += "  " + metrics_;
  after += time();
  // The last column stays empty: some terminals wrap after writing it.
  const int room = columns - 1 - tapestry::detail::text_columns(label_) - tapestry::detail::text_columns(after) - 4;
  std::string line = label_ + "  ";
  if (room >= shortest_bar) {
    const int length = std::min(room, longest_bar);
    const auto full = static_cast<int>(share(length, done_, total_));
    line += repeat("━", full) + repeat("─", length - full) + "  ";
  }
  // Back to the first column; erase the rest of a longer previous line.
  if (!drawn_) begin_line();
  stream_ << '\r' << tapestry::detail::first_columns(line + after, columns - 1) << "\x1b[K" << std::flush;
  last_shown_ = options_.clock();
}

void Progress::begin_line() {
  drawn_ = true;
  if (options_.stream != nullptr) return;
  ++open_lines;
  end_line_on_signals();
}

void Progress::end_line() {
  if (!drawn_) return;
  drawn_ = false;
  stream_ << std::endl;
  if (options_.stream == nullptr) --open_lines;
}

void Progress::print_line() {
  stream_ << label_ << "  " << percent() << rate() << (metrics_.empty() ? "" : "  ") << metrics_ << time() << std::endl;
  last_shown_ = options_.clock();
  done_shown_ = done_;
}

std::string Progress::percent() const {
  return fmt::format("{:3} %", share(100, done_, total_));
}

std::string Progress::rate() const {
  const double seconds = seconds_since(start_);
  if (done_ == 0 || seconds <= 0) return "";
  const double rate = static_cast<double>(done_) / seconds;
  return fmt::format("  {:.{}f} {}/s", rate, rate < 100 ? 1 : 0, options_.unit);
}

std::string Progress::time() const {
  const double seconds = seconds_since(start_);
  if (finished_) return fmt::format("  {}", clock_text(seconds));
  if (done_ == 0) return "";
  return fmt::format("  {} left",
                     clock_text(seconds * static_cast<double>(total_ - done_) / static_cast<double>(done_)));
}

}  // namespace tapestry::viz
