// train_step: times whole training steps (zero_grad, forward, cross-entropy, backward, SGD with momentum) on random
// input.
#include <CLI/CLI.hpp>

#include <tapestry/autograd/ops/loss.hpp>
#include <tapestry/optim/sgd.hpp>

#include "workload.hpp"

using namespace tapestry;

int main(int argc, char** argv) {
  benchmarks::WorkloadOptions options;
  CLI::App app("Times whole training steps on random input.", "train_step");
  if (const auto exit_code = benchmarks::parse(app, options, argc, argv)) return *exit_code;

  set_num_threads(options.threads);
  const benchmarks::Workload workload = benchmarks::make_workload(options);
  optim::Sgd optimizer(workload.model->parameters(), {.lr = 0.01, .momentum = 0.9});
  return benchmarks::measure(options, [&] {
    optimizer.zero_grad();
    cross_entropy((*workload.model)(workload.images), workload.labels).backward();
    optimizer.step();
  });
}
