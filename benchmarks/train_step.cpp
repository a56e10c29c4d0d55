// train_step: times whole training steps (zero_grad, forward, cross-entropy, backward, SGD with momentum) on random
// input.
#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <tapestry/autograd/ops/loss.hpp>
#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/models/unet.hpp>
#include <tapestry/optim/sgd.hpp>

using namespace tapestry;

namespace {

/// A network with random input and labels for it.
struct Task {
  std::unique_ptr<nn::Module> model;
  Array images;
  Array labels;
};

/// Classes for images of 32×32, or for the pixels of images of 64×64.
Task make_task(const std::string& name, std::int64_t batch_size) {
  RandomStream random = new_random_stream();
  const auto images = [&](std::int64_t size) {
    return random.normal({batch_size, 3, size, size}).contiguous(MemoryFormat::channels_last);
  };
  if (name == "unet") {
    return {.model = std::make_unique<models::UNet>(models::UNet::Options{.base_channels = 16, .depth = 3}),
            .images = images(64),
            .labels = random.integers({batch_size, 64, 64}, 2)};
  }
  return {.model = models::image_classifier(name), .images = images(32), .labels = random.integers({batch_size}, 10)};
}

std::vector<std::string> model_names() {
  auto names = models::image_classifier_names();
  names.push_back("unet");
  return names;
}

double peak_memory_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Options {
  std::string model = "small_cnn";
  std::int64_t batch_size = 128;
  int threads = num_threads();
  int iterations = 15;
  bool profile = false;
  std::string trace;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--model", options.model)->check(CLI::IsMember(model_names()))->capture_default_str();
  app.add_option("--batch-size", options.batch_size)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--iterations", options.iterations)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_flag("--profile", options.profile, "Print where the time of the timed iterations goes");
  app.add_option("--trace", options.trace, "Write them to this file for chrome://tracing or ui.perfetto.dev");
}

void run(const Options& options) {
  set_num_threads(options.threads);
  if (!options.trace.empty()) require_replaceable(options.trace);
  const auto [model, images, labels] = make_task(options.model, options.batch_size);
  optim::Sgd optimizer(model->parameters(), {.lr = 0.01, .momentum = 0.9});

  double loss_value = 0;
  std::vector<double> milliseconds;
  std::optional<Profiler> profiler;
  constexpr int warm_up = 3;
  for (int iteration = 0; iteration < warm_up + options.iterations; ++iteration) {
    if (iteration == warm_up && (options.profile || !options.trace.empty())) profiler.emplace();
    const auto start = std::chrono::steady_clock::now();
    optimizer.zero_grad();
    const Tensor loss = cross_entropy((*model)(images), labels);
    loss.backward();
    optimizer.step();
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    if (iteration >= warm_up) milliseconds.push_back(elapsed.count());
    loss_value = loss.item();
  }
  const std::string profile = options.profile ? "\n" + profiler->table() : "";
  std::sort(milliseconds.begin(), milliseconds.end());
  const double median = milliseconds[milliseconds.size() / 2];
  std::cout << fmt::format(
      "{}: median {:.1f} ms, min {:.1f} ms, {:.0f} images/s, loss {:.2f}, peak memory {:.0f} MiB\n{}", options.model,
      median, milliseconds.front(), static_cast<double>(options.batch_size) * 1000 / median, loss_value,
      peak_memory_mebibytes(), profile);
  if (!options.trace.empty()) profiler->write_trace(options.trace);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Times whole training steps on random input.", "train_step");
  declare(app, options);
  try {
    app.parse(argc, argv);
    run(options);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
  } catch (const CLI::ParseError& error) {
    std::cerr << "train_step: " << error.what() << " (--help lists the options)\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "train_step: " << error.what() << "\n";
    return 1;
  }
}
