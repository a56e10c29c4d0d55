// train_cifar10: trains a convolutional network end to end, from image files to a report.
//
// Without arguments it generates images of ten shapes and reaches a test accuracy above 99 % in about a minute on two
// cores. With --data DIR it trains on CIFAR-10.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/program.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/nn/inspect/summary.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>
#include <tapestry/optim/sgd.hpp>

#include "images.hpp"
#include "options.hpp"
#include "page.hpp"
#include "report.hpp"
#include "training.hpp"

using namespace tapestry;

namespace {

std::unique_ptr<optim::Optimizer> make_optimizer(const Options& options, const nn::Module& model) {
  if (options.optimizer == "adamw") {
    return std::make_unique<optim::AdamW>(model.parameters(), optim::AdamWOptions{.lr = highest_lr(options)});
  }
  return std::make_unique<optim::Sgd>(
      model.parameters(),
      optim::SgdOptions{.lr = highest_lr(options), .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
}

/// The output files of a run besides the pictures.
struct Files {
  explicit Files(const std::filesystem::path& out)
      : metrics(out / "metrics.csv"), weights(out / "model.safetensors"), page(out / "report.html") {}

  std::string metrics;
  std::string weights;
  std::string page;
};

/// Creates the output folder. Throws when a file in it cannot be written.
void prepare(const std::filesystem::path& out, const Files& files) {
  std::filesystem::create_directories(out);
  for (const std::string& file : {files.metrics, files.weights, files.page}) require_replaceable(file);
}

struct Result {
  Score score;           ///< of all test images
  bool complete = true;  ///< every output file was written
};

/// Trains and writes all files. Weights and metrics are written after every epoch, so that a run that ends early loses
/// one epoch at most.
Result train(const Options& options, const Images& images, nn::Module& model, const nn::Summary& summary) {
  const Files files(options.out);
  prepare(options.out, files);
  data::Loader loader = train_loader(images, options);
  data::Loader tests = test_loader(images);

  const auto optimizer = make_optimizer(options, model);
  std::int64_t steps = options.epochs * loader.batches();
  if (options.max_steps > 0) steps = std::min(steps, options.max_steps);
  optim::Schedule schedule(*optimizer,
                           optim::OneCycleOptions{.max_lr = optimizer->lr(), .total_steps = steps, .warmup = 0.2});

  std::vector<EpochScores> epochs;
  Evaluation tested;
  const std::int64_t last_epoch = (steps + loader.batches() - 1) / loader.batches();
  for (std::int64_t epoch = 1; steps > 0; ++epoch, steps -= loader.batches()) {
    EpochScores scores;
    scores.train =
        train_epoch(fmt::format("epoch {}/{}", epoch, last_epoch), model, *optimizer, schedule, loader, steps);
    tested = evaluate(model, tests);
    scores.test = tested.score;
    if (!std::isfinite(scores.test.loss)) {
      throw ValueError(fmt::format("epoch {}: the test loss is {}\nhint: try a smaller --lr", epoch, scores.test.loss));
    }
    std::cout << fmt::format("epoch {}/{}  test loss {:.4f}  test accuracy {:.4f}\n", epoch, last_epoch,
                             scores.test.loss, scores.test.accuracy)
              << std::flush;
    epochs.push_back(scores);
    if (epoch == 1) {
      // They would show an earlier run beside the weights of this one.
      remove_pictures(options.out);
      std::filesystem::remove(files.page);
    }
    io::save_safetensors(files.weights, model.state_dict(), {{"model", options.model}});
    write_metrics(files.metrics, epochs);
  }
  const std::vector<Picture> pictures = write_pictures(options.out, epochs, tested, model, *images.test);
  write_page(files.page, {.options = options,
                          .images = images,
                          .summary = summary,
                          .epochs = epochs,
                          .pictures = pictures,
                          .weights = files.weights});
  std::cout << fmt::format("weights, metrics, pictures and report.html are in {}\n", options.out.string());
  return {.score = tested.score, .complete = pictures.size() == picture_count};
}

Result evaluate_weights(const Options& options, const Images& images, nn::Module& model) {
  model.load_state_dict(io::load_safetensors(options.evaluate));
  data::Loader tests = test_loader(images);
  const Score score = evaluate(model, tests).score;
  if (!std::isfinite(score.loss)) {
    throw ValueError(fmt::format("--evaluate: {}: the test loss is {}\nhint: the weights may contain NaN or infinity",
                                 options.evaluate.string(), score.loss));
  }
  return {.score = score};
}

/// Does what the command line asks for and returns the exit code.
int run(const Options& options) {
  if (options.threads > 0) set_num_threads(options.threads);
  manual_seed(options.seed);
  const auto model = models::image_classifier(options.model);
  const nn::Summary summary = nn::summary(*model, {1, 3, 32, 32});
  if (options.summary) {
    std::cout << nn::to_string(summary);
    return 0;
  }
  const Images images = open_images(options);
  std::cout << fmt::format("{} on {}: {} training images, {} test images, {} threads\n", options.model,
                           name_of_data(options), images.train->size(), images.test->size(), num_threads())
            << fmt::format("{} parameters, {:.1f} million multiply-adds per image\n", summary.total().parameters,
                           static_cast<double>(summary.total().flops) / 2e6);
  if (!options.trace.empty()) require_replaceable(options.trace);
  std::optional<Profiler> profiler;
  if (options.profile || !options.trace.empty()) profiler.emplace();
  const auto [score, complete] =
      options.evaluate.empty() ? train(options, images, *model, summary) : evaluate_weights(options, images, *model);
  if (options.profile) std::cout << profiler->table();
  if (!options.trace.empty()) profiler->write_trace(options.trace);
  std::cout << fmt::format("test accuracy: {:.4f}\n", score.accuracy);
  return complete ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("train_cifar10", [&] {
    const CommandLine command_line = parse_options(argc, argv);
    return command_line.exit_code ? *command_line.exit_code : run(command_line.options);
  });
}
