#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <tapestry/models/image_classifier.hpp>
#include <tapestry/nn/inspect/summary.hpp>

#include "catch.hpp"
#include "examples/train_cifar10_run.hpp"
#include "viz/html.hpp"

namespace test_train_cifar10_page {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// A table row whose first `left_columns` are left-aligned.
std::string row_of(const std::string& tag, const std::vector<std::string>& cells, std::size_t left_columns) {
  std::string row = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += "<" + tag + (i < left_columns ? " class=\"left\">" : ">") + cells[i] + "</" + tag + ">";
  }
  return row + "</tr>\n";
}

/// The cells of a line of metrics.csv.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

}  // namespace

TEST_CASE("training writes a report with settings epochs pictures and network") {
  const SmallDataset data;
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "a<b>&c";
  const std::string shown = (folder.path() / "a&lt;b&gt;&amp;c").string();
  // An epoch has five steps.
  const Outcome outcome = run({"--data", data.path(), "--out", out.string(), "--batch-size", "8", "--max-steps", "7",
                               "--optimizer", "adamw", "--seed", "3", "--threads", "2", "--model", "lenet5"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("weights, metrics, pictures and report.html are in " + out.string()));

  const std::string page = text_of(out / "report.html");
  CHECK(html_fault(page).empty());
  CHECK_THAT(page, ContainsSubstring("<h1>lenet5 on " + data.path() + "</h1>"));
  const auto metrics = lines_of(text_of(out / "metrics.csv"));
  REQUIRE(metrics.size() == 3);
  const std::string accuracy = cells_of(metrics[2])[4];
  CHECK_THAT(page, ContainsSubstring("<p>Test accuracy " + accuracy + ". 40 training images, 20 test images.</p>"));
  CHECK_THAT(page, ContainsSubstring("<p>The weights are in " + shown + "/model.safetensors. "));

  const std::vector<std::vector<std::string>> settings = {
      {"--data", data.path()},  {"--model", "lenet5"}, {"--epochs", "5"}, {"--max-steps", "7"}, {"--batch-size", "8"},
      {"--optimizer", "adamw"}, {"--lr", "0.001"},     {"--seed", "3"},   {"--threads", "2"},   {"--out", shown}};
  for (const auto& setting : settings) CHECK_THAT(page, ContainsSubstring(row_of("td", setting, 2)));
  CHECK_THAT(page, ContainsSubstring(row_of("th",
                                            {"epoch", "train loss", "train accuracy", "test loss", "test accuracy",
                                             "images per second", "seconds"},
                                            1) +
                                     row_of("td", cells_of(metrics[1]), 1) + row_of("td", cells_of(metrics[2]), 1)));

  const std::vector<std::vector<std::uint8_t>> pictures = {
      file_bytes(out / "curves.png"), file_bytes(out / "confusion.png"), file_bytes(out / "predictions.png"),
      file_bytes(out / "filters.png")};
  CHECK(embedded_pictures(page) == pictures);

  const auto model = models::image_classifier("lenet5");
  CHECK_THAT(page, ContainsSubstring("<pre>\n" + nn::to_string(nn::summary(*model, {1, 3, 32, 32})) + "</pre>"));
}

TEST_CASE("a picture that cannot be drawn is missing in the report and the folder and the exit code is 1") {
  const SmallDataset data;
  const TemporaryFolder folder;
  // Without gnuplot there is no curves.png.
  const std::string before = std::getenv("PATH");
  fs::create_directory(folder.path() / "programs");
  put_file(folder.path() / "curves.png", std::string("of an earlier run"));
  REQUIRE(setenv("PATH", (folder.path() / "programs").c_str(), 1) == 0);
  const Outcome outcome = run(short_run(data, folder.path()));
  REQUIRE(setenv("PATH", before.c_str(), 1) == 0);
  REQUIRE(outcome.exit_code == 1);
  CHECK_FALSE(fs::exists(folder.path() / "curves.png"));
  CHECK_THAT(outcome.err, ContainsSubstring("curves.png: write_curves: gnuplot is not installed"));
  const std::string page = text_of(folder.path() / "report.html");
  CHECK(embedded_pictures(page).size() == 3);
  CHECK(html_fault(page).empty());
}

}  // namespace test_train_cifar10_page
