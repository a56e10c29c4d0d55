// infer: times inference (a forward pass in evaluation mode that records nothing) on random input.
#include <CLI/CLI.hpp>

#include <tapestry/autograd/mode.hpp>

#include "workload.hpp"

using namespace tapestry;

int main(int argc, char** argv) {
  benchmarks::WorkloadOptions options;
  CLI::App app("Times forward passes in evaluation mode on random input.", "infer");
  if (const auto exit_code = benchmarks::parse(app, options, argc, argv)) return *exit_code;

  set_num_threads(options.threads);
  const benchmarks::Workload workload = benchmarks::make_workload(options);
  workload.model->eval();
  return benchmarks::measure(options, [&] {
    const NoGradGuard no_grad;
    (*workload.model)(workload.images);
  });
}
