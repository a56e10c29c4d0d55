#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/core/array.hpp>
#include <tapestry/data/image/image.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/models/image_classifier.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "examples/train_cifar10_run.hpp"

namespace test_train_cifar10 {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// True for a line like "test accuracy: 0.1234".
bool is_accuracy_line(const std::string& line) {
  const std::string before = "test accuracy: ";
  if (!line.starts_with(before) || line.size() != before.size() + 6) return false;
  const std::string number = line.substr(before.size());
  return is_digit(number[0]) && number[1] == '.' &&
         std::all_of(number.begin() + 2, number.end(), [](char c) { return is_digit(c); });
}

}  // namespace

TEST_CASE("an invalid command line gives a one-line error that states the allowed values and exit code 2") {
  const std::string range = "must be a whole number from 1 to 1099511627776, got ";
  const std::vector<std::pair<Arguments, std::string>> mistakes = {
      {{"--bogus"}, "not expected: --bogus"},
      {{"extra"}, "not expected: extra"},
      {{"--model", "vgg"}, fmt::format("--model: vgg not in {{{}}}", fmt::join(models::image_classifier_names(), ","))},
      {{"--optimizer", "rms"}, "--optimizer: rms not in {sgd,adamw}"},
      {{"--epochs", "0"}, "--epochs: " + range + "0"},
      {{"--epochs", "many"}, "--epochs: " + range + "many"},
      {{"--epochs", "99999999999999999999"}, "--epochs: " + range + "99999999999999999999"},
      {{"--epochs"}, "--epochs: 1 required INT"},
      {{"--epochs", "1", "--epochs", "2"}, "--epochs: At Most 1 required but received 2"},
      {{"--batch-size", "-3"}, "--batch-size: " + range + "-3"},
      {{"--max-steps", "0"}, "--max-steps: " + range + "0"},
      {{"--threads", "0"}, "--threads: must be a whole number from 1 to 1024, got 0"},
      {{"--lr", "-1"}, "--lr: must be a number above 0, got -1"},
      {{"--lr", "0"}, "--lr: must be a number above 0, got 0"},
      {{"--lr", "nan"}, "--lr: must be a number above 0, got nan"},
      {{"--lr", "inf"}, "--lr: must be a number above 0, got inf"},
      {{"--lr", "fast"}, "--lr: must be a number above 0, got fast"},
      {{"--seed", "-1"}, "--seed: must be a whole number from 0 to 18446744073709551615, got -1"},
      {{"--seed", "x"}, "--seed: must be a whole number from 0 to 18446744073709551615, got x"},
      {{"--data", "/nowhere/at/all"}, "--data: Directory does not exist: /nowhere/at/all"},
      {{"--evaluate", "/nowhere/at/all"}, "--evaluate: File does not exist: /nowhere/at/all"},
  };
  for (const auto& [arguments, text] : mistakes) {
    INFO(arguments.front() << " " << arguments.back());
    const Outcome outcome = run(arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    REQUIRE(lines_of(outcome.err).size() == 1);
    CHECK_THAT(outcome.err, ContainsSubstring(text));
    CHECK(outcome.err.starts_with("train_cifar10: "));
  }
}

TEST_CASE("the option --summary lists the layers of the network and does not train") {
  const Outcome outcome = run({"--model", "resnet20", "--summary"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("BasicBlock"));
  CHECK_THAT(outcome.out, ContainsSubstring("40.813 M multiply-adds"));
  CHECK_THAT(outcome.out, !ContainsSubstring("accuracy"));
}

TEST_CASE("the option --help lists every option and exits with code 0") {
  const Outcome outcome = run({"--help"});
  REQUIRE(outcome.exit_code == 0);
  REQUIRE(outcome.err.empty());
  for (const char* option : {"--data", "--model", "--epochs", "--batch-size", "--lr", "--optimizer", "--seed",
                             "--threads", "--out", "--max-steps", "--evaluate", "--summary", "--profile", "--trace"}) {
    CHECK_THAT(outcome.out, ContainsSubstring(option));
  }
}

TEST_CASE("a short run writes weights metrics and pictures and --evaluate finds the same accuracy") {
  const SmallDataset data;
  const TemporaryFolder folder;
  struct Network {
    std::string name, first_convolution;
    Shape shape;
  };
  for (const auto& [model, first_convolution, shape] :
       {Network{"small_cnn", "conv1.weight", {32, 3, 3, 3}}, Network{"resnet20", "conv1.weight", {16, 3, 3, 3}},
        Network{"vit", "conv_proj.weight", {128, 3, 4, 4}}}) {
    INFO(model);
    const fs::path out = folder.path() / model / "deeper";
    const Outcome outcome = run(short_run(data, out, {"--model", model}));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    REQUIRE(outcome.err.empty());
    REQUIRE_THAT(outcome.out, ContainsSubstring("40 training images, 20 test images"));
    REQUIRE_THAT(outcome.out, ContainsSubstring("million multiply-adds per image"));
    const auto printed = lines_of(outcome.out);
    REQUIRE(is_accuracy_line(printed.back()));

    const auto metrics = lines_of(text_of(out / "metrics.csv"));
    REQUIRE(metrics.size() == 2);
    REQUIRE(metrics[0] == "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,seconds");
    std::vector<std::string> fields;
    std::istringstream row(metrics[1]);
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    REQUIRE(fields.size() == 7);
    REQUIRE(fields[0] == "1");
    REQUIRE("test accuracy: " + fields[4] == printed.back());
    for (const std::string& field : fields) {
      CHECK(field.find_first_not_of("0123456789.") == std::string::npos);
    }

    for (const char* picture : {"curves.png", "confusion.png", "predictions.png", "filters.png"}) {
      INFO(picture);
      CHECK(data::read_image((out / picture).string()).size(2) > 32);
    }

    const std::string weights = (out / "model.safetensors").string();
    const auto state = io::load_safetensors(weights);
    const auto first = std::find_if(state.begin(), state.end(), [](const auto& one) { return one.second.rank() == 4; });
    REQUIRE(first->first == first_convolution);
    REQUIRE(first->second.shape() == shape);
    const Outcome evaluated = run({"--evaluate", weights, "--data", data.path(), "--model", model});
    REQUIRE(evaluated.exit_code == 0);
    REQUIRE(lines_of(evaluated.out).back() == printed.back());
  }
}

TEST_CASE("a profiled run prints its tables before the accuracy and writes a trace of its steps") {
  const SmallDataset data;
  const TemporaryFolder folder;
  const std::string trace = (folder.path() / "trace.json").string();
  const Outcome outcome = run(short_run(data, folder.path(), {"--profile", "--trace", trace}));
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  REQUIRE(is_accuracy_line(lines_of(outcome.out).back()));
  for (const char* text : {"\noperator ", "\nbackward of conv2d ", "\ndata loading ", "\noptimizer step ",
                           "\n(outside of these) ", "\nlayer ", "\nconv1 "}) {
    CHECK_THAT(outcome.out, ContainsSubstring(text));
  }
  const std::string json = text_of(trace);
  CHECK(json.starts_with("{\"traceEvents\":[{"));
  CHECK_THAT(json, ContainsSubstring("\"name\":\"optimizer step\""));
  CHECK_THAT(run(short_run(data, folder.path())).out, !ContainsSubstring("operator"));
}

TEST_CASE("a trace that cannot be written is detected before the first epoch") {
  const SmallDataset data;
  const TemporaryFolder folder;
  const std::string trace = (folder.path() / "nowhere" / "trace.json").string();
  const Outcome outcome = run(short_run(data, folder.path(), {"--trace", trace}));
  REQUIRE(outcome.exit_code == 1);
  REQUIRE(outcome.err ==
          "train_cifar10: " + trace + ": cannot create a temporary file beside it: No such file or directory\n");
  REQUIRE_THAT(outcome.out, !ContainsSubstring("epoch"));
}

TEST_CASE("weights are identical bytes at any number of threads and differ by seed") {
  const SmallDataset data;
  const TemporaryFolder folder;
  const auto weights = [&](const std::string& name, const Arguments& more) {
    const fs::path out = folder.path() / name;
    REQUIRE(run(short_run(data, out, more)).exit_code == 0);
    return file_bytes(out / "model.safetensors");
  };
  const auto single = weights("single", {"--threads", "1"});
  REQUIRE(weights("three", {"--threads", "3"}) == single);
  REQUIRE(weights("seeded", {"--threads", "1", "--seed", "1"}) != single);
  REQUIRE(weights("adamw", {"--threads", "1", "--optimizer", "adamw"}) != single);
}

TEST_CASE("invalid values of OMP_NUM_THREADS are harmless") {
  const SmallDataset data;
  const TemporaryFolder folder;
  for (const char* junk : {"many", "-3", "0", "99999999999999999999", ""}) {
    INFO(junk);
    REQUIRE(setenv("OMP_NUM_THREADS", junk, 1) == 0);
    const Outcome outcome = run(short_run(data, folder.path()));
    REQUIRE(unsetenv("OMP_NUM_THREADS") == 0);
    CHECK(outcome.exit_code == 0);
    CHECK(is_accuracy_line(lines_of(outcome.out).back()));
  }
}

TEST_CASE("an output folder that cannot be written is detected before the first epoch") {
  const SmallDataset data;
  const TemporaryFolder folder;
  put_file(folder.path() / "file", std::string("taken"));
  fs::create_directories(folder.path() / "taken" / "metrics.csv");
  fs::create_directories(folder.path() / "weights" / "model.safetensors");
  fs::create_directories(folder.path() / "page" / "report.html");
  for (const fs::path& out : {folder.path() / "file" / "below", folder.path() / "file", folder.path() / "taken",
                              folder.path() / "weights", folder.path() / "page"}) {
    INFO(out);
    const Outcome outcome = run(short_run(data, out));
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.out, !ContainsSubstring("epoch"));
    CHECK(lines_of(outcome.err).size() == 1);
    CHECK(outcome.err.starts_with("train_cifar10: "));
    CHECK_THAT(outcome.err, ContainsSubstring(out.string()));
  }
  REQUIRE(text_of(folder.path() / "file") == "taken");
}

TEST_CASE("a loss that is not finite stops the run and preserves the files of an earlier run") {
  const SmallDataset data;
  const TemporaryFolder folder;
  put_file(folder.path() / "model.safetensors", std::string("earlier weights"));
  put_file(folder.path() / "metrics.csv", std::string("earlier metrics"));
  const Outcome outcome = run(short_run(data, folder.path(), {"--lr", "1e30"}));
  REQUIRE(outcome.exit_code == 1);
  REQUIRE_THAT(outcome.err, ContainsSubstring("train_cifar10: epoch 1/1: the loss of step 2 is "));
  REQUIRE_THAT(outcome.err, ContainsSubstring("\nhint: try a smaller --lr"));
  REQUIRE_THAT(outcome.out, !ContainsSubstring("test accuracy"));
  REQUIRE(text_of(folder.path() / "model.safetensors") == "earlier weights");
  REQUIRE(text_of(folder.path() / "metrics.csv") == "earlier metrics");
}

TEST_CASE("mismatched data and weights stop the run with an error") {
  const SmallDataset data;
  const TemporaryFolder folder;
  const auto error_of = [](const Arguments& arguments) {
    const Outcome outcome = run(arguments);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err.starts_with("train_cifar10: "));
    return outcome.err;
  };
  CHECK_THAT(error_of({"--data", folder.path().string()}), ContainsSubstring("expected the CIFAR-10 binaries"));
  CHECK_THAT(error_of({"--data", data.path(), "--batch-size", "41", "--out", folder.path().string()}),
             ContainsSubstring("--batch-size: 41 exceeds the number of training images, 40"));
  const fs::path weights = folder.path() / "weights.safetensors";
  put_file(weights, std::string("not a weights file"));
  CHECK_THAT(error_of({"--data", data.path(), "--evaluate", weights.string()}), ContainsSubstring(weights.string()));
  io::save_safetensors(weights.string(), {{"conv1.weight", Array::zeros({1})}});
  CHECK_THAT(error_of({"--data", data.path(), "--evaluate", weights.string()}),
             ContainsSubstring("conv1.weight: expected [32, 3, 3, 3], got [1]; conv1.bias is missing"));
}

}  // namespace test_train_cifar10
