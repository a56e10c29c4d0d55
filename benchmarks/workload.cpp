#include "workload.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/program.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/models/unet.hpp>

namespace tapestry::benchmarks {
namespace {

struct Options {
  std::string model = "small_cnn";
  std::int64_t batch_size = 128;
  int threads = num_threads();
  int iterations = 15;
  bool profile = false;  ///< print the time spent in each operator and layer
  std::string trace;     ///< file for a trace of the timed iterations; empty: none
};

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

void declare(CLI::App& app, Options& options) {
  app.add_option("--model", options.model)->check(CLI::IsMember(model_names()))->capture_default_str();
  app.add_option("--batch-size", options.batch_size)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--iterations", options.iterations)->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_flag("--profile", options.profile,
               "Print the time spent in each operator and layer during the timed iterations");
  app.add_option("--trace", options.trace,
                 "Write a trace of the timed iterations to this file, for chrome://tracing or ui.perfetto.dev");
}

Workload make_workload(const Options& options) {
  RandomStream random = new_random_stream();
  const std::int64_t batch = options.batch_size;
  const auto images = [&](std::int64_t size) {
    return random.normal({batch, 3, size, size}).contiguous(MemoryFormat::channels_last);
  };
  if (options.model == "unet") {
    return {.model = std::make_unique<models::UNet>(models::UNet::Options{.base_channels = 16, .depth = 3}),
            .images = images(64),
            .labels = random.integers({batch, 64, 64}, 2)};
  }
  return {
      .model = models::image_classifier(options.model), .images = images(32), .labels = random.integers({batch}, 10)};
}

void measure(const Options& options, const Step& step) {
  if (!options.trace.empty()) require_replaceable(options.trace);
  for (int i = 0; i < 3; ++i) step();
  std::optional<Profiler> profiler;
  if (options.profile || !options.trace.empty()) profiler.emplace();
  std::vector<double> milliseconds;
  for (int i = 0; i < options.iterations; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step();
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    milliseconds.push_back(elapsed.count());
  }

  std::ranges::sort(milliseconds);
  const double median = milliseconds[milliseconds.size() / 2];
  std::cout << fmt::format("{}: median {:.2f} ms, min {:.2f} ms, {:.0f} images/s, peak memory {:.0f} MiB\n",
                           options.model, median, milliseconds.front(),
                           static_cast<double>(options.batch_size) * 1000 / median, peak_memory_mebibytes());
  if (options.profile) std::cout << "\n" << profiler->table();
  if (!options.trace.empty()) profiler->write_trace(options.trace);
}

int parse_and_run(const std::string& program, const std::string& description, int argc, char** argv,
                  const std::function<Step(const Workload&)>& make_step) {
  Options options;
  CLI::App app(description, program);
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << program << ": " << error.what() << " (--help lists the options)\n";
    return 2;
  }
  set_num_threads(options.threads);
  const Workload workload = make_workload(options);
  measure(options, make_step(workload));
  return 0;
}

}  // namespace

int run(const std::string& program, const std::string& description, int argc, char** argv,
        const std::function<Step(const Workload&)>& make_step) {
  return run_program(program, [&] { return parse_and_run(program, description, argc, argv, make_step); });
}

}  // namespace tapestry::benchmarks
