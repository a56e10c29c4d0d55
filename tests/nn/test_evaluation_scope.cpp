#include <memory>
#include <stdexcept>
#include <utility>

#include <tapestry/nn/inspect/evaluation_scope.hpp>

#include "nn/example_modules.hpp"

namespace test_evaluation_scope {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

std::vector<bool> modes(nn::ModuleBase& module) {
  std::vector<bool> result;
  for (const auto& [name, child] : module.named_modules()) result.push_back(child->is_training());
  return result;
}

}  // namespace

TEST_CASE("an evaluation scope restores the mode of each module") {
  Net net;
  net.get_submodule<nn::Module>("rest").eval();
  net.get_submodule<nn::Module>("rest.2").train();
  const std::vector<bool> before = modes(net);
  REQUIRE(before == std::vector<bool>{true, true, false, false, false, true, false});
  {
    const nn::EvaluationScope scope(net);
    CHECK(modes(net) == std::vector<bool>(7, false));
  }
  CHECK(modes(net) == before);
  try {
    const nn::EvaluationScope scope(net);
    throw std::runtime_error("no");
  } catch (const std::runtime_error&) {
  }
  CHECK(modes(net) == before);
}

TEST_CASE("an evaluation scope restores the modes of a moved module and ignores one that has been destroyed") {
  auto net = std::make_unique<Net>();
  net->get_submodule<nn::Module>("rest.2").eval();
  const std::vector<bool> before = modes(*net);
  std::unique_ptr<Net> moved;
  {
    const nn::EvaluationScope scope(*net);
    moved = std::make_unique<Net>(std::move(*net));
    net.reset();
    CHECK(modes(*moved) == std::vector<bool>(7, false));
  }
  CHECK(modes(*moved) == before);
  const nn::EvaluationScope scope(*moved);
  moved.reset();
}

}  // namespace test_evaluation_scope
