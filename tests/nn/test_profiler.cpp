// The layers to which a profiler attributes operators.
#include <set>
#include <stdexcept>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/sparse_adjacency.hpp>
#include <tapestry/nn/layers/graph.hpp>
#include <tapestry/nn/layers/loss.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>

#include "core/profile_checks.hpp"
#include "nn/example_modules.hpp"

namespace test_profiler {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

std::string layer_of(const Profiler& profiler, const std::string& name, ProfilePass pass) {
  return entry_of(profiler, name, pass).layer;
}

std::set<std::string> layers_of(const Profiler& profiler) {
  std::set<std::string> layers;
  for (const ProfileEntry& entry : profiler.entries()) layers.insert(entry.layer);
  return layers;
}

/// Has a child of every module class with several inputs.
class Unusual : public nn::Module {
 public:
  Unusual()
      : attention_(add("attention", nn::MultiheadAttention({.embed_dim = 6, .num_heads = 2}))),
        gcn_(add("gcn", nn::GcnConv({.in_channels = 6, .out_channels = 6}))),
        loss_(add("loss", nn::MSELoss())) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor attended = attention_(x, x, x);
    const SparseAdjacency edges({.num_nodes = 3, .edges = {{.source = 0, .target = 1}, {.source = 1, .target = 2}}});
    return loss_(gcn_(attended.array().reshape({3, 6}), edges), Array::zeros({3, 6}));
  }

 private:
  nn::MultiheadAttention& attention_;
  nn::GcnConv& gcn_;
  nn::MSELoss& loss_;
};

class Throwing : public nn::Module {
 public:
  Tensor forward(const Tensor&) const override { throw std::runtime_error("no"); }
};

}  // namespace

TEST_CASE("forward and backward are attributed to the path of the layer") {
  Net net;
  const Profiler profiler(ticking_clock());
  cross_entropy(net(image()), Array::zeros({6}, DType::i64)).backward();
  const auto forward = ProfilePass::forward, backward = ProfilePass::backward;
  CHECK(layer_of(profiler, "multiply", forward).empty());
  CHECK(layer_of(profiler, "conv2d", forward) == "mix");
  CHECK(layer_of(profiler, "batch_norm", forward) == "rest.0");
  CHECK(layer_of(profiler, "dropout", forward) == "rest.2");
  CHECK(layer_of(profiler, "matmul", forward) == "rest.3");
  CHECK(layer_of(profiler, "cross_entropy", forward).empty());
  CHECK(layer_of(profiler, "backward of cross_entropy", backward).empty());
  CHECK(layer_of(profiler, "backward of matmul", backward) == "rest.3");
  CHECK(layer_of(profiler, "matmul", backward) == "rest.3");
  CHECK(layer_of(profiler, "backward of batch_norm", backward) == "rest.0");
  CHECK(layer_of(profiler, "backward of conv2d", backward) == "mix");
  CHECK(layer_of(profiler, "conv2d_weight_gradient", backward) == "mix");
  CHECK(layers_of(profiler) == std::set<std::string>{"", "mix", "rest.0", "rest.1", "rest.2", "rest.3"});
}

TEST_CASE("a moved module keeps its name") {
  Net net;
  nn::Sequential outer = nn::sequential({std::move(net)});
  const Profiler profiler(ticking_clock());
  outer(image());
  CHECK(layer_of(profiler, "conv2d", ProfilePass::forward) == "0.mix");
  CHECK(layer_of(profiler, "multiply", ProfilePass::forward) == "0");
}

TEST_CASE("modules of several inputs are profiled like layers") {
  Unusual net;
  const Profiler profiler(ticking_clock());
  net(Generator(1).reals({1, 3, 6}).to(DType::f32));
  CHECK(layers_of(profiler) == std::set<std::string>{"attention", "attention.out_proj", "gcn", "gcn.lin", "loss"});
}

TEST_CASE("an exception in a module leaves its layer scope") {
  nn::Sequential net = nn::sequential({Throwing()});
  const Profiler profiler(ticking_clock());
  REQUIRE_THROWS_AS(net(image()), std::runtime_error);
  relu(image());
  CHECK(labels_of(profiler) == std::vector<std::string>{"relu forward "});
}

}  // namespace test_profiler
