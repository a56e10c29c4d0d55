#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/progress.hpp>

#include "catch.hpp"

namespace test_progress {
namespace {

using tapestry::viz::Progress;
using tapestry::viz::ProgressOptions;

/// A stream and a clock that the test controls.
struct Stage {
  std::ostringstream stream;
  double now = 0;

  ProgressOptions options(int columns) {
    return {.stream = &stream, .columns = columns, .clock = [this] { return now; }};
  }
  void pass(double seconds) { now += seconds; }
  /// The output since the last call.
  std::string written() {
    std::string text = stream.str();
    stream.str("");
    return text;
  }
};

std::int64_t characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; });
}

}  // namespace

TEST_CASE("output to a non-terminal has a line every ten percent and at the end") {
  Stage stage;
  Progress progress("epoch 1/5", 1000, {.stream = &stage.stream, .clock = [&] { return stage.now; }});
  for (int done = 25; done <= 1000; done += 25) {
    stage.pass(0.25);
    progress.update(done, "loss 1.5");
    if (done == 200) {
      CHECK(stage.written() ==
            "epoch 1/5   10 %  100 images/s  loss 1.5  0:09 left\n"
            "epoch 1/5   20 %  100 images/s  loss 1.5  0:08 left\n");
    }
  }
  stage.written();
  progress.finish();
  CHECK(stage.written() == "epoch 1/5  100 %  100 images/s  loss 1.5  0:10\n");
}

TEST_CASE("output to a non-terminal has a line at least every ten seconds") {
  Stage stage;
  Progress progress("epoch 1/5", 100'000,
                    {.unit = "steps", .stream = &stage.stream, .clock = [&] { return stage.now; }});
  for (int done = 1; done <= 25; ++done) {
    stage.pass(1);
    progress.update(done);
  }
  CHECK(stage.written() ==
        "epoch 1/5    0 %  1.0 steps/s  27:46:30 left\n"
        "epoch 1/5    0 %  1.0 steps/s  27:46:20 left\n");
}

TEST_CASE("output to a terminal is one line that is redrawn at most ten times a second") {
  Stage stage;
  Progress progress("test", 200, stage.options(70));
  CHECK(stage.written() == "\rtest  ────────────────────────────────────────    0 %\x1b[K");
  stage.pass(0.05);
  progress.update(20);
  CHECK(stage.written().empty());
  stage.pass(0.06);
  progress.update(50, "accuracy 9 %");
  CHECK(stage.written() == "\rtest  ━━━━─────────────   25 %  455 images/s  accuracy 9 %  0:00 left\x1b[K");
  stage.pass(0.89);
  progress.update(200);
  stage.written();
  progress.finish();
  CHECK(stage.written() == "\rtest  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100 %  200 images/s  0:01\x1b[K\n");
}

TEST_CASE("the line never reaches the last column of the terminal") {
  for (int columns = 1; columns < 120; ++columns) {
    Stage stage;
    Progress progress("époque", 200, stage.options(columns));
    stage.pass(1);
    stage.written();
    progress.update(70, "perte 1,234 précision 56 %");
    const std::string line = stage.written();
    INFO(columns << " columns: " << line);
    CHECK(characters(line) - characters("\r\x1b[K") < columns);
  }
}

TEST_CASE("wide and combining characters take the columns that they occupy") {
  struct Text {
    std::string label;
    int columns;
  };
  // Combining acute accents; Chinese characters; an emoji and a Japanese character.
  for (const auto& [label, columns] :
       {Text{"e\u0301poque e\u0301", 8}, Text{"\u8bad\u7ec3\u6a21\u578b", 8}, Text{"\U0001F600\u3042", 4}}) {
    for (int width = 30; width < 120; ++width) {
      Stage stage;
      const Progress progress(label, 200, stage.options(width));
      const std::string line = stage.written();
      INFO(width << " columns: " << line);
      // After the label there are the spaces, the bar and "  0 %", of one column each.
      REQUIRE(line.starts_with("\r" + label));
      const std::int64_t rest = characters(line) - characters("\r" + label + "\x1b[K");
      CHECK(columns + rest == std::min(width - 1, columns + 2 + 40 + 2 + 5));
    }
    // Too narrow for the label.
    Stage stage;
    const Progress narrow(label, 200, stage.options(4));
    CHECK(stage.written().size() < 1 + label.size() + 3);
  }
}

TEST_CASE("the largest totals are counted without overflow") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const int columns : {0, 70}) {
    Stage stage;
    Progress progress("all", most, stage.options(columns));
    stage.pass(1);
    stage.written();
    progress.update(most / 2);
    CHECK_THAT(stage.written(), ContainsSubstring("  50 %") || ContainsSubstring("  49 %"));
    progress.finish();
  }
}

TEST_CASE("a signal that ends the program ends the line first") {
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT}) {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(terminal >= 0);
    REQUIRE(grantpt(terminal) == 0);
    REQUIRE(unlockpt(terminal) == 0);
    const int screen = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    REQUIRE(screen >= 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      setenv("TERM", "xterm", 1);
      dup2(screen, STDOUT_FILENO);
      std::signal(signal, SIG_DFL);
      const rlimit no_core = {0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      const Progress progress("training", 10);
      raise(signal);
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
    std::string shown(1000, '\0');
    shown.resize(static_cast<std::size_t>(std::max<ssize_t>(read(terminal, shown.data(), shown.size()), 0)));
    CHECK_THAT(shown, ContainsSubstring("training"));
    CHECK(shown.ends_with("\r\n"));
    close(screen);
    close(terminal);
  }
}

TEST_CASE("the destructor ends the line without finish") {
  Stage stage;
  { const Progress progress("test", 10, stage.options(60)); }
  CHECK(stage.written().ends_with("\x1b[K\n"));
  { const Progress progress("test", 10, stage.options(0)); }
  CHECK(stage.written().empty());
}

TEST_CASE("updates after finish are not shown") {
  Stage stage;
  {
    Progress progress("test", 10, stage.options(60));
    progress.update(10);
    progress.finish();
    stage.written();
    progress.finish();
    stage.pass(60);
    progress.update(3);
  }
  CHECK(stage.written().empty());
}

TEST_CASE("zero items and excess items count as 100 percent") {
  Stage stage;
  Progress none("none", 0, stage.options(0));
  none.update(0);
  none.finish();
  CHECK(stage.written() == "none  100 %  0:00\n");
  Progress many("many", 10, stage.options(0));
  stage.pass(1);
  many.update(25);
  many.finish();
  CHECK(stage.written() == "many  100 %  10.0 images/s  0:01\n");
  CHECK_THROWS_WITH(Progress("less", -1), "progress: the total must not be negative, got -1");
}

}  // namespace test_progress
