// Shared by train_step and infer: a network with random input, the command line, and timing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tapestry/core/array.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::benchmarks {

/// A network with random inputs and labels: 32×32 images with a class each, or 64×64 images with a class per pixel
/// ("unet").
struct Workload {
  std::unique_ptr<nn::Module> model;
  Array images;
  Array labels;
};

using Step = std::function<void()>;

/// Runs a program that times the step returned by `make_step` for the workload of the command line. After a few warm-up
/// steps it prints the median and minimum milliseconds, images per second and the peak memory of the process, plus the
/// output of its options. Reports errors and returns the exit code.
int run(const std::string& program, const std::string& description, int argc, char** argv,
        const std::function<Step(const Workload&)>& make_step);

}  // namespace tapestry::benchmarks
