#include <memory>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/inspect/summary.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/bilinear.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/graph.hpp>
#include <tapestry/nn/sequential_of.hpp>

#include "nn/example_modules.hpp"

namespace test_sequential_of {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Network = nn::SequentialOf<Tensor(const Tensor&, const SparseAdjacency&)>;

SparseAdjacency path() {
  return SparseAdjacency({.num_nodes = 3, .edges = {{.source = 0, .target = 1}, {.source = 1, .target = 2}}});
}

Array features() {
  return Generator(1).reals({3, 4}).to(DType::f32);
}

Network network() {
  manual_seed(1);
  Network net;
  net.append(nn::GcnConv({.in_channels = 4, .out_channels = 5}));
  net.append(nn::ReLU());
  net.append("last", nn::GcnConv({.in_channels = 5, .out_channels = 2}));
  return net;
}

}  // namespace

TEST_CASE("a sequential of several inputs passes the first through and the others to the layers that take them") {
  Network net = network();
  auto& first = net.get_submodule<nn::GcnConv>("0");
  auto& last = net.get_submodule<nn::GcnConv>("last");
  require_equal(net(features(), path()).array(), last(relu(first(features(), path())), path()).array());
  REQUIRE(names_of(net.state_dict()) ==
          std::vector<std::string>{"0.bias", "0.lin.weight", "last.bias", "last.lin.weight"});
  REQUIRE_THROWS_WITH(net.append("last", nn::ReLU()), "module: the name \"last\" is taken");

  nn::SequentialOf<Tensor(const Tensor&, const Tensor&)> pairs;
  const nn::Bilinear& product = pairs.append(nn::Bilinear({.in1_features = 4, .in2_features = 4, .out_features = 4}));
  pairs.append(nn::Tanh());
  require_equal(pairs(features(), features()).array(), tanh(product(features(), features())).array());
}

TEST_CASE("a sequential of several inputs trains its layers") {
  Network net = network();
  sum(net(features(), path())).backward();
  for (const Tensor& parameter : net.parameters()) REQUIRE(parameter.grad().defined());
  net.append(nn::Dropout({.p = 1}));
  require_equal(net(features(), path()).array(), Array::zeros({3, 2}));
  net.eval();
  REQUIRE_FALSE(net.children().back().second->is_training());
}

TEST_CASE("a sequential of several inputs calls hooks") {
  Network net = network();
  std::vector<std::string> called;
  for (const auto& [name, module] : net.named_modules()) {
    module->add_forward_hook([&](const nn::ModuleBase& seen, const std::vector<Tensor>&, std::vector<Tensor>&) {
      called.push_back(seen.class_name());
    });
  }
  net.get_submodule<nn::ReLU>("1").add_forward_hook(
      [](const nn::Module&, const Tensor&, const Tensor& y) { return Tensor(Array::zeros(y.shape())); });
  require_equal(net(features(), path()).array(), Array::zeros({3, 2}));
  REQUIRE(called == std::vector<std::string>{"Linear", "GcnConv", "ReLU", "Linear", "GcnConv", net.class_name()});
}

TEST_CASE("a sequential of several inputs is summarized") {
  Network net = network();
  const nn::Summary summary = nn::summary(net, [&] { net(features(), path()); });
  REQUIRE(summary.rows.size() == 6);
  REQUIRE(summary.total().type == net.class_name());
  REQUIRE(summary.total().output_shape == Shape{3, 2});
  REQUIRE(summary.total().parameters == 4 * 5 + 5 + 5 * 2 + 2);
  REQUIRE(summary.rows[3].name == "1");
  REQUIRE(summary.rows[4].name == "last");
}

TEST_CASE("a clone of a sequential of several inputs computes what the original computes") {
  const Network net = network();
  const auto copy = net.clone();
  require_same(copy->state_dict(), net.state_dict());
  require_equal(dynamic_cast<const Network&>(*copy)(features(), path()).array(), net(features(), path()).array());
}

}  // namespace test_sequential_of
