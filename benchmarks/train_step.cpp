// train_step: times training steps (zero_grad, forward, cross-entropy, backward, SGD with momentum) on random
// input.
#include <memory>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/optim/sgd.hpp>

#include "workload.hpp"

using namespace tapestry;
using benchmarks::Workload;

int main(int argc, char** argv) {
  return benchmarks::run("train_step", "Times training steps on random input.", argc, argv, [](const Workload& w) {
    const auto optimizer =
        std::make_shared<optim::Sgd>(w.model->parameters(), optim::SgdOptions{.lr = 0.01, .momentum = 0.9});
    return [optimizer, &w] {
      optimizer->zero_grad();
      cross_entropy((*w.model)(w.images), w.labels).backward();
      optimizer->step();
    };
  });
}
