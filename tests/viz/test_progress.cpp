#include <algorithm>
#include <sstream>
#include <string>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/progress.hpp>

#include "catch.hpp"

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
