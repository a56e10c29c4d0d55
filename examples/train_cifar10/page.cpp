#include "page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <tapestry/core/threads.hpp>
#include <tapestry/viz/report_page.hpp>

using namespace tapestry;

namespace {

using Table = std::vector<std::vector<std::string>>;

Table settings(const Options& options) {
  return {{"option", "value"},
          {"--data", name_of_data(options)},
          {"--model", options.model},
          {"--epochs", std::to_string(options.epochs)},
          {"--max-steps", options.max_steps > 0 ? std::to_string(options.max_steps) : "no limit"},
          {"--batch-size", std::to_string(options.batch_size)},
          {"--optimizer", options.optimizer},
          {"--lr", fmt::format("{}", highest_lr(options))},
          {"--seed", std::to_string(options.seed)},
          {"--threads", std::to_string(num_threads())},
          {"--out", options.out.string()}};
}

Table metrics(const std::vector<EpochScores>& epochs) {
  Table rows = {metrics_columns()};
  for (std::string& name : rows.front()) std::ranges::replace(name, '_', ' ');
  for (const EpochScores& scores : epochs) rows.push_back(metrics_row(std::ssize(rows), scores));
  return rows;
}

}  // namespace

void write_page(const std::string& path, const Run& run) {
  viz::ReportPage page(fmt::format("{} on {}", run.options.model, name_of_data(run.options)));
  page.paragraph(fmt::format("Test accuracy {:.4f}. {} training images, {} test images.",
                             run.epochs.back().test.accuracy, run.images.train->size(), run.images.test->size()));
  page.paragraph(fmt::format("The weights are in {}. Evaluate them with train_cifar10 --evaluate.", run.weights));
  page.heading("Settings");
  page.table(settings(run.options), 2);
  page.heading("Epochs");
  page.table(metrics(run.epochs));
  page.heading("Pictures");
  for (const auto& [picture, caption] : run.pictures) page.picture(picture, caption);
  page.heading("Network");
  page.preformatted(nn::to_string(run.summary));
  page.write(path);
}
