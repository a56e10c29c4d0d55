#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tapestry/io/safetensors.hpp>
#include <tapestry/models/image_classifier.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "examples/train_cifar10_run.hpp"

namespace test_interrupted_runs {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Runs the program with `more` and each of the outputs that receive nothing, and returns what was wrong.
std::vector<std::string> faults_of_lost_output(const Arguments& arguments) {
  std::vector<std::string> faults;
  for (const char* output : {">&- 2> err", "> /dev/full 2> err", "<&- >&- 2> err"}) {
    const Outcome outcome = run_shell(command_of(TRAIN_CIFAR10, arguments) + " " + output);
    if (outcome.exit_code != 1) faults.push_back(fmt::format("{}: exit code {}", output, outcome.exit_code));
    if (outcome.err != "train_cifar10: standard output: not everything could be written\n") {
      faults.push_back(fmt::format("{}: printed {}", output, outcome.err));
    }
  }
  // The reader of the pipe is gone when the second command ends; the program prints afterwards.
  const std::string pipe = "{ sleep 0.2; " + command_of(TRAIN_CIFAR10, arguments) + " 2> err; echo $? > out; } | true";
  const Outcome broken = run_shell(pipe);
  if (broken.out != "1\n") faults.push_back("broken pipe: exit code " + broken.out);
  return faults;
}

}  // namespace

TEST_CASE("images that the networks cannot take are refused before the first step") {
  struct Refused {
    int classes;
    std::int64_t train_side, test_side;
    std::string said;
  };
  const TemporaryFolder out;
  for (const auto& [classes, train_side, test_side, said] :
       {Refused{10, 24, 24, "expected images of 32 x 32 pixels, got 24 x 24 (40 training images)"},
        Refused{10, 48, 48, "expected images of 32 x 32 pixels, got 48 x 48 (40 training images)"},
        Refused{10, 32, 24, "expected images of 32 x 32 pixels, got 24 x 24 (20 test images)"},
        Refused{12, 32, 32, "expected at most 10 classes, got 12 (48 training images)"}}) {
    const SmallDataset data(classes, train_side, test_side);
    const Outcome outcome = run(short_run(data, out.path() / "out"));
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err == "train_cifar10: open_dataset: " + data.path() + ": " + said + "\n");
    CHECK_THAT(outcome.out, !ContainsSubstring("epoch"));
    CHECK_FALSE(fs::exists(out.path() / "out"));
  }
}

TEST_CASE("a killed run leaves the weights and metrics of its finished epochs") {
  const SmallDataset data;
  const TemporaryFolder folder;
  for (const char* name : {"report.html", "curves.png", "confusion.png", "predictions.png", "filters.png"}) {
    put_file(folder.path() / name, std::string("of an earlier run"));
  }
  put_file(folder.path() / "metrics.csv", std::string("of an earlier run"));
  const Arguments endless = {"--data",  data.path(), "--out",  folder.path().string(), "--epochs",
                             "1000000", "--model",   "lenet5", "--batch-size",         "8"};
  const std::string metrics = "'" + (folder.path() / "metrics.csv").string() + "'";
  run_shell(command_of(TRAIN_CIFAR10, endless) + " > out 2> err & while ! grep -qs '^2,' " + metrics +
            "; do kill -0 $! || exit; sleep 0.05; done; kill -KILL $!; { wait $!; } 2> /dev/null; true");
  const auto rows = lines_of(text_of(folder.path() / "metrics.csv"));
  REQUIRE(rows.size() >= 3);
  CHECK(rows[0].starts_with("epoch,"));
  CHECK(rows[2].starts_with("2,"));
  const auto model = models::image_classifier("lenet5");
  CHECK_NOTHROW(model->load_state_dict(io::load_safetensors((folder.path() / "model.safetensors").string())));
  // The report and the pictures of the earlier run do not belong to these weights.
  CHECK_FALSE(fs::exists(folder.path() / "report.html"));
  CHECK_FALSE(fs::exists(folder.path() / "filters.png"));
}

TEST_CASE("a loss that becomes infinite in a later epoch leaves the weights of the epoch before") {
  const SmallDataset data;
  bool has_failed_late = false;
  for (const char* lr : {"10", "100", "1000", "10000", "100000"}) {
    const TemporaryFolder folder;
    const Outcome outcome = run({"--data", data.path(), "--out", folder.path().string(), "--epochs", "20",
                                 "--batch-size", "8", "--model", "lenet5", "--lr", lr});
    const bool has_failed = outcome.exit_code == 1 && outcome.err.find("the loss of step") != std::string::npos;
    if (!has_failed || outcome.err.find("epoch 1/20") != std::string::npos) continue;
    has_failed_late = true;
    CHECK(lines_of(text_of(folder.path() / "metrics.csv")).size() >= 2);
    for (const auto& [name, array] : io::load_safetensors((folder.path() / "model.safetensors").string())) {
      CHECK(std::ranges::all_of(array.to_vector<float>(), [](float value) { return std::isfinite(value); }));
    }
  }
  CHECK(has_failed_late);
}

TEST_CASE("output that is lost is an error and no file receives it") {
  const SmallDataset data;
  const TemporaryFolder folder;
  CHECK(faults_of_lost_output({"--help"}) == std::vector<std::string>());
  CHECK(faults_of_lost_output({"--summary"}) == std::vector<std::string>());
  CHECK(faults_of_lost_output(short_run(data, folder.path())) == std::vector<std::string>());
  CHECK(lines_of(text_of(folder.path() / "metrics.csv")).size() == 2);
  CHECK_THAT(text_of(folder.path() / "metrics.csv"), !ContainsSubstring("training images"));
  const std::string weights = (folder.path() / "model.safetensors").string();
  CHECK_NOTHROW(io::load_safetensors(weights));
  CHECK(faults_of_lost_output({"--evaluate", weights, "--data", data.path()}) == std::vector<std::string>());
}

TEST_CASE("weights with NaN are an error of --evaluate") {
  const SmallDataset data;
  const TemporaryFolder folder;
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto state = models::image_classifier("lenet5")->state_dict();
    state.front().second = Array::full(state.front().second.shape(), value);
    const std::string weights = (folder.path() / "weights.safetensors").string();
    io::save_safetensors(weights, state);
    const Outcome outcome = run({"--evaluate", weights, "--data", data.path(), "--model", "lenet5"});
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, ContainsSubstring("train_cifar10: --evaluate: " + weights + ": the test loss is "));
    CHECK_THAT(outcome.out, !ContainsSubstring("test accuracy"));
  }
}

}  // namespace test_interrupted_runs
