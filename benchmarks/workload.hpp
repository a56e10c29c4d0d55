// What train_step and infer have in common: a network with random input, command line, and timed repetitions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/nn/module.hpp>

namespace CLI {
class App;
}

namespace tapestry::benchmarks {

struct WorkloadOptions {
  std::string model = "small_cnn";
  std::int64_t batch_size = 128;
  int threads = num_threads();
  int iterations = 15;
  bool profile = false;  ///< print where the time goes
  std::string trace;     ///< the file for the trace of the timed iterations, empty for none
};

/// Reads the options, and what else `app` has been given, from the command line. Returns the program's exit code where
/// it should end: after help has been asked for, or for a faulty command line, which has been reported.
std::optional<int> parse(CLI::App& app, WorkloadOptions& options, int argc, char** argv);

/// A network with random input and labels for it.
struct Workload {
  std::unique_ptr<nn::Module> model;
  Array images;
  Array labels;
};

/// Classes for images of 32×32, or for the pixels of images of 64×64 ("unet").
Workload make_workload(const WorkloadOptions& options);

/// Calls `step` a few times, so that caches fill and memory is had from the system, then times it. Prints a line with
/// median and least of the milliseconds, images per second and the peak memory of the process, and what else the
/// options ask for. Returns the exit code of the program; what goes wrong has been reported.
int measure(const WorkloadOptions& options, const std::function<void()>& step);

}  // namespace tapestry::benchmarks
