#include <chrono>
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "examples/train_cifar10_run.hpp"

namespace test_lessons {

using namespace tapestry::testing;

namespace {

Outcome run_lesson(const std::string& name, const Arguments& arguments, const std::string& output = "> out") {
  const std::string program = (fs::path(TRAIN_CIFAR10).parent_path() / name).string();
  return run_shell(command_of(program, arguments) + " " + output + " 2> err");
}

}  // namespace

TEST_CASE("a lesson detects an output folder that cannot be written before it begins") {
  const TemporaryFolder folder;
  put_file(folder.path() / "file", std::string("taken"));
  for (const char* lesson : {"01_cross_correlation", "11_denoising_autoencoder", "22_confusion_matrix"}) {
    const Outcome outcome = run_lesson(lesson, {"--out", (folder.path() / "file").string()});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring((folder.path() / "file").string()));
  }
}

TEST_CASE("a lesson whose output is lost fails") {
  for (const char* output : {">&-", "> /dev/full"}) {
    for (const Arguments& arguments : {Arguments{}, Arguments{"--help"}}) {
      const Outcome outcome = run_lesson("01_cross_correlation", arguments, output);
      CHECK(outcome.exit_code == 1);
      CHECK(outcome.err == "error: standard output: not everything could be written\n");
    }
  }
}

TEST_CASE("a lesson refuses images that it cannot use before it trains") {
  const SmallDataset many_classes(12);
  const SmallDataset two_sizes(10, 32, 24);
  const SmallDataset few_images(1);
  const auto error_of = [](const std::string& lesson, const SmallDataset& data) {
    const Outcome outcome = run_lesson(lesson, {"--data", data.path()});
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.out, !ContainsSubstring("%"));
    return outcome.err;
  };
  CHECK(error_of("22_confusion_matrix", many_classes) ==
        "error: open_dataset: " + many_classes.path() + ": expected at most 10 classes, got 12 (24 test images)\n");
  CHECK(error_of("11_denoising_autoencoder", two_sizes) ==
        "error: open_dataset: " + two_sizes.path() +
            ": expected images of 32 x 32 pixels, got 24 x 24 (20 test images)\n");
  for (const char* lesson : {"11_denoising_autoencoder", "22_confusion_matrix"}) {
    CHECK(error_of(lesson, few_images) == "error: --data: there are fewer training images than one batch\n");
  }
}

}  // namespace test_lessons
