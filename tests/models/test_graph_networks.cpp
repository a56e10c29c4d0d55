// Graph networks: their parameters, and that they apply their layers in order.
#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/models/gat.hpp>
#include <tapestry/models/gcn.hpp>
#include <tapestry/models/graph_sage.hpp>

#include "autograd/generate.hpp"

namespace test_graph_networks {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

using Lines = std::vector<std::string>;

/// A ring of five with a chord and a loop.
SparseAdjacency ring() {
  return SparseAdjacency({.num_nodes = 5, .edges = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}, {1, 3}, {3, 1}, {2, 2}}});
}

template <class Model>
Lines entries(const Model& model) {
  Lines lines;
  for (const auto& [name, array] : model.state_dict()) lines.push_back(name + " " + to_string(array.shape()));
  return lines;
}

/// A network in f64, in evaluation.
template <class Model>
Model made(const typename Model::Options& options) {
  manual_seed(1);
  Model model(options);
  model.to(DType::f64);
  model.eval();
  return model;
}

/// Requires correct gradients of both orders for the nodes' features, and a nonzero gradient for every parameter.
template <class Model>
void require_learns(Model& model, const Array& x) {
  require_gradients([&](const std::vector<Tensor>& in) { return model(in[0], ring()); }, {x});
  cross_entropy(model(x, ring()), Array::from<std::int64_t>({5}, {0, 1, 1, 0, 1})).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    const auto values = values_of(parameter.grad().array());
    REQUIRE(std::ranges::any_of(values, [](double value) { return value != 0; }));
  }
}

/// Requires that two runs in training differ and two in evaluation do not.
template <class Model>
void require_drops_in_training(Model& model, const Array& x) {
  model.train();
  REQUIRE(values_of(model(x, ring()).array()) != values_of(model(x, ring()).array()));
  model.eval();
  REQUIRE(values_of(model(x, ring()).array()) == values_of(model(x, ring()).array()));
}

}  // namespace

TEST_CASE("gcn is two graph convolutions with a ReLU between them") {
  auto model = made<models::Gcn>({.in_channels = 3, .hidden_channels = 4, .out_channels = 2});
  REQUIRE(entries(model) ==
          Lines{"conv1.bias [4]", "conv1.lin.weight [4, 3]", "conv2.bias [2]", "conv2.lin.weight [2, 4]"});
  const Array x = Generator(1).reals({5, 3});
  auto& conv1 = model.get_submodule<nn::GcnConv>("conv1");
  auto& conv2 = model.get_submodule<nn::GcnConv>("conv2");
  require_equal(model(x, ring()).array(), conv2(relu(conv1(x, ring())), ring()).array());
  require_learns(model, x);
  require_drops_in_training(model, x);
}

TEST_CASE("GraphSAGE is two sage layers with a ReLU between them") {
  for (const auto aggregation : {Aggregation::mean, Aggregation::max}) {
    auto model = made<models::GraphSage>(
        {.in_channels = 3, .hidden_channels = 4, .out_channels = 2, .aggregation = aggregation});
    REQUIRE(entries(model) == Lines{"conv1.lin_l.weight [4, 3]", "conv1.lin_l.bias [4]", "conv1.lin_r.weight [4, 3]",
                                    "conv2.lin_l.weight [2, 4]", "conv2.lin_l.bias [2]", "conv2.lin_r.weight [2, 4]"});
    const Array x = Generator(2).reals({5, 3});
    auto& conv1 = model.get_submodule<nn::SageConv>("conv1");
    auto& conv2 = model.get_submodule<nn::SageConv>("conv2");
    require_equal(model(x, ring()).array(), conv2(relu(conv1(x, ring())), ring()).array());
    require_learns(model, x);
    require_drops_in_training(model, x);
  }
}

TEST_CASE("gat is attention with several heads then an ELU then attention with one head") {
  auto model = made<models::Gat>({.in_channels = 3, .hidden_channels = 4, .out_channels = 2, .heads = 3});
  REQUIRE(entries(model) == Lines{"conv1.att_src [1, 3, 4]", "conv1.att_dst [1, 3, 4]", "conv1.bias [12]",
                                  "conv1.lin.weight [12, 3]", "conv2.att_src [1, 1, 2]", "conv2.att_dst [1, 1, 2]",
                                  "conv2.bias [2]", "conv2.lin.weight [2, 12]"});
  const Array x = Generator(3).reals({5, 3});
  auto& conv1 = model.get_submodule<nn::GatConv>("conv1");
  auto& conv2 = model.get_submodule<nn::GatConv>("conv2");
  require_equal(model(x, ring()).array(), conv2(elu(conv1(x, ring())), ring()).array());
  require_learns(model, x);
  require_drops_in_training(model, x);
}

TEST_CASE("graph networks report operands that do not match") {
  REQUIRE_THROWS_MATCHES(models::Gcn({.in_channels = 0, .hidden_channels = 2, .out_channels = 2}), ValueError,
                         Message("GcnConv: channels must be at least 1, got 0 → 2"));
  REQUIRE_THROWS_MATCHES(models::GraphSage({.in_channels = 3, .hidden_channels = 2, .out_channels = 0}), ValueError,
                         Message("SageConv: channels must be at least 1, got 2 → 0"));
  REQUIRE_THROWS_MATCHES(models::Gat({.in_channels = 3, .hidden_channels = 2, .out_channels = 2, .heads = 0}),
                         ValueError, Message("GatConv: heads must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(models::Gcn({.in_channels = 3, .hidden_channels = 2, .out_channels = 2, .dropout = 2}),
                         ValueError, Message("Dropout: p must be in [0, 1], got 2"));
  models::Gcn gcn({.in_channels = 3, .hidden_channels = 2, .out_channels = 2});
  models::GraphSage sage({.in_channels = 3, .hidden_channels = 2, .out_channels = 2});
  models::Gat gat({.in_channels = 3, .hidden_channels = 2, .out_channels = 2});
  const Array x = Array::zeros({5, 4});
  REQUIRE_THROWS_MATCHES(gcn(x, ring()), ShapeError, Message("GcnConv: expected x [5, 3], got [5, 4]"));
  REQUIRE_THROWS_MATCHES(sage(x, ring()), ShapeError, Message("SageConv: expected x [5, 3], got [5, 4]"));
  REQUIRE_THROWS_MATCHES(gat(x, ring()), ShapeError, Message("GatConv: expected x [5, 3], got [5, 4]"));
}

}  // namespace test_graph_networks
