// infer: times inference (a forward pass in evaluation mode without recording) on random input.
#include <tapestry/autograd/mode.hpp>

#include "workload.hpp"

using namespace tapestry;
using benchmarks::Workload;

int main(int argc, char** argv) {
  return benchmarks::run("infer", "Times forward passes in evaluation mode on random input.", argc, argv,
                         [](const Workload& w) {
                           w.model->eval();
                           return [&w] {
                             const NoGradGuard no_grad;
                             (*w.model)(w.images);
                           };
                         });
}
