// What train_step and infer have in common: a network with random input, command line, and timed repetitions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tapestry/core/array.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::benchmarks {

/// A network with random input and labels for it: classes for images of 32×32, or for the pixels of images of 64×64
/// ("unet").
struct Workload {
  std::unique_ptr<nn::Module> model;
  Array images;
  Array labels;
};

using Step = std::function<void()>;

/// Runs a program that times the step that `make_step` gives for the workload of its command line. After a few steps,
/// so that caches fill and memory is had from the system, it prints a line with median and least of the milliseconds,
/// images per second and the peak memory of the process, and what else its options ask for. Returns the exit code; what
/// goes wrong has been reported.
int run(const std::string& program, const std::string& description, int argc, char** argv,
        const std::function<Step(const Workload&)>& make_step);

}  // namespace tapestry::benchmarks
