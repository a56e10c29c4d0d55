// Deep copies of modules.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/tapestry.hpp>

#include "nn/example_modules.hpp"

namespace test_clone {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

/// The module in evaluation mode, with parameters and buffers that differ from their initial values.
template <class M>
M changed(M module) {
  module.eval();
  Generator generator(7);
  for (const Tensor& parameter : module.parameters()) {
    Array(parameter.array()).copy_from(generator.reals(parameter.shape()).to(parameter.dtype()));
  }
  for (const auto& [name, buffer] : module.named_buffers()) {
    if (is_floating(buffer.dtype())) {
      Array(buffer.array()).copy_from(generator.reals(buffer.shape(), 0.5, 2).to(buffer.dtype()));
    }
  }
  return module;
}

struct Example {
  std::unique_ptr<nn::Module> module;
  Shape input;
};

std::vector<Example> examples() {
  std::vector<Example> list;
  const auto put = [&]<class M>(M module, const Shape& input) {
    list.push_back({std::make_unique<M>(changed(std::move(module))), input});
  };
  const Shape image = {2, 4, 6, 6}, sequence = {2, 4, 6};
  put(nn::ReLU(), image);
  put(nn::ReLU6(), image);
  put(nn::SELU(), image);
  put(nn::SiLU(), image);
  put(nn::Hardswish(), image);
  put(nn::Hardsigmoid(), image);
  put(nn::Sigmoid(), image);
  put(nn::Tanh(), image);
  put(nn::Mish(), image);
  put(nn::LeakyReLU({.negative_slope = 0.7}), image);
  put(nn::ELU({.alpha = 3}), image);
  put(nn::GELU({.approximate = GeluApproximation::tanh}), image);
  put(nn::Softplus({.beta = 3}), image);
  put(nn::PReLU({.num_parameters = 4}), image);
  put(nn::Softmax(1), image);
  put(nn::LogSoftmax(2), image);
  put(nn::Flatten(2, 3), image);
  put(nn::MaxPool1d({.kernel_size = 3, .stride = 1}), sequence);
  put(nn::AvgPool1d({.kernel_size = 3, .stride = 1}), sequence);
  put(nn::MaxPool2d({.kernel_size = 3, .stride = 1}), image);
  put(nn::AvgPool2d({.kernel_size = 3, .stride = 1}), image);
  put(nn::AdaptiveAvgPool2d(2), image);
  put(nn::AdaptiveMaxPool2d(2), image);
  put(nn::GlobalAvgPool2d(), image);
  put(nn::GlobalMaxPool2d(), image);
  put(nn::PixelShuffle(2), image);
  put(nn::PixelUnshuffle(3), image);
  put(nn::ChannelShuffle(2), image);
  put(nn::Upsample({.scale_factor = 3}), image);
  put(nn::Unfold({.kernel_size = 3, .stride = 2}), image);
  put(nn::Fold({.output_size = Pair(3, 4), .kernel_size = Pair(2, 1)}), {2, 4, 8});
  put(nn::Pad2d({.padding = nn::Sides(1, 2, 0, 3), .value = 5}), image);
  put(nn::LocalResponseNorm({.size = 3, .k = 4}), image);
  put(nn::Linear({.in_features = 6, .out_features = 3, .bias = false}), image);
  put(nn::Conv1d({.in_channels = 4, .out_channels = 6, .kernel_size = 3, .stride = 2, .groups = 2}), sequence);
  put(nn::Conv2d({.in_channels = 4, .out_channels = 6, .kernel_size = 3, .padding = 2, .dilation = 2, .groups = 2}),
      image);
  put(nn::ConvTranspose1d({.in_channels = 4, .out_channels = 6, .kernel_size = 3, .stride = 2}), sequence);
  put(nn::ConvTranspose2d({.in_channels = 4, .out_channels = 6, .kernel_size = 3, .stride = 2, .bias = false}), image);
  put(nn::BatchNorm1d({.num_features = 4, .eps = 0.5}), sequence);
  put(nn::BatchNorm2d({.num_features = 4, .eps = 0.5, .affine = false}), image);
  put(nn::InstanceNorm2d({.num_features = 4, .eps = 0.5, .affine = true, .track_running_stats = true}), image);
  put(nn::GroupNorm({.num_groups = 2, .num_channels = 4, .eps = 0.5}), image);
  put(nn::LayerNorm({.normalized_shape = Shape{6}, .eps = 0.5, .bias = false}), image);
  put(nn::RMSNorm({.normalized_shape = Shape{6, 6}, .eps = 0.5}), image);
  put(nn::Dropout({.p = 0.3}), image);
  put(nn::Dropout2d({.p = 0.3}), image);
  put(nn::AlphaDropout({.p = 0.3}), image);
  put(nn::DropBlock2d({.p = 0.3, .block_size = 3}), image);
  put(nn::StochasticDepth({.p = 0.3}), image);
  put(nn::DropConnectLinear({.linear = {.in_features = 6, .out_features = 3}, .p = 0.3}), image);
  put(nn::DropConnectConv2d({.conv = {.in_channels = 4, .out_channels = 3, .kernel_size = 3}, .p = 0.3}), image);
  put(nn::PositionalEncoding({.embed_dim = 6, .max_length = 9}), sequence);
  put(nn::LearnedPositionalEncoding({.embed_dim = 6, .max_length = 9}), sequence);
  put(nn::PatchEmbedding({.in_channels = 4, .patch_size = 3, .embed_dim = 5}), image);
  put(nn::ASPP({.in_channels = 4, .rates = {1, 2}, .out_channels = 3}), image);
  put(nn::AttentionAugmentedConv2d({.in_channels = 4,
                                    .out_channels = 6,
                                    .kernel_size = 3,
                                    .key_channels = 4,
                                    .value_channels = 2,
                                    .num_heads = 2,
                                    .max_size = 6}),
      image);
  put(nn::BasicBlock({.in_channels = 4, .out_channels = 6, .stride = 2}), image);
  put(nn::Bottleneck({.in_channels = 4, .out_channels = 8, .groups = 2, .base_width = 32 * 2}), image);
  put(nn::PreActBlock({.in_channels = 4, .out_channels = 6}), image);
  put(nn::ConvNormRelu2d({.in_channels = 4, .out_channels = 6, .kernel_size = 3, .eps = 0.5}), image);
  put(nn::DepthwiseSeparableConv({.in_channels = 4, .out_channels = 6, .kernel_size = 3}), image);
  put(nn::Inception(
          {.in_channels = 4, .ch1x1 = 1, .ch3x3red = 2, .ch3x3 = 3, .ch5x5red = 2, .ch5x5 = 4, .pool_proj = 2}),
      image);
  put(nn::InvertedResidual({.in_channels = 4, .out_channels = 4, .expand_ratio = 2}), image);
  put(nn::ShuffleUnit({.in_channels = 4, .out_channels = 6, .stride = 2}), image);
  put(nn::SqueezeExcite({.in_channels = 4, .squeeze_channels = 2}), image);
  put(nn::UNetBlock({.in_channels = 4, .out_channels = 3}), image);
  return list;
}

/// Clones a module of several inputs.
template <class M>
std::unique_ptr<M> clone_of(const M& module) {
  return std::unique_ptr<M>(dynamic_cast<M*>(module.clone().release()));
}

}  // namespace

TEST_CASE("a clone has equal values in its own memory") {
  nn::Sequential net = nn::sequential({nn::Linear({.in_features = 3, .out_features = 2}), nn::ReLU()});
  net.append("last", nn::BatchNorm1d({.num_features = 2}));
  net(Generator(1).reals({5, 3}).to(DType::f32));
  net.parameters()[0].set_requires_grad(false);
  net.get_submodule<nn::ReLU>("1").eval();
  int calls = 0;
  net.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++calls;
    return Tensor();
  });
  const std::unique_ptr<nn::Module> copy = net.clone();
  require_same(copy->state_dict(), net.state_dict());
  REQUIRE(copy->class_name() == "Sequential");
  REQUIRE_FALSE(copy->parameters()[0].requires_grad());
  REQUIRE(copy->parameters()[1].requires_grad());
  REQUIRE(copy->is_training());
  REQUIRE_FALSE(copy->get_submodule<nn::ReLU>("1").is_training());
  REQUIRE(copy->get_submodule<nn::BatchNorm1d>("last").is_training());

  const nn::StateDict before = net.state_dict();
  (*copy)(Generator(2).reals({5, 3}).to(DType::f32));
  Array(copy->parameters()[1].array()).fill(9);
  REQUIRE(calls == 0);
  require_same(net.state_dict(), before);
  REQUIRE(copy->named_buffers()[2].tensor.item() == 2);
}

TEST_CASE("a clone keeps the dtype of a module") {
  Scale scale(3);
  scale.to(DType::f64);
  REQUIRE(scale.clone()->parameters()[0].dtype() == DType::f64);
}

TEST_CASE("a clone of every layer and block computes what the original computes") {
  manual_seed(3);
  for (const auto& [module, input] : examples()) {
    INFO(module->class_name());
    const std::unique_ptr<nn::Module> copy = module->clone();
    REQUIRE(copy->class_name() == module->class_name());
    REQUIRE_FALSE(copy->is_training());
    require_same(copy->state_dict(), module->state_dict());
    const Array x = Generator(5).reals(input).to(DType::f32);
    require_equal((*copy)(x).array(), (*module)(x).array());
  }
}

TEST_CASE("clones of layers of several inputs compute what the originals compute") {
  manual_seed(4);
  const Array x = Generator(1).reals({2, 3, 6}).to(DType::f32);
  const nn::MultiheadAttention attention({.embed_dim = 6, .num_heads = 3, .bias = false});
  require_equal((*clone_of(attention))(x, x, x).array(), attention(x, x, x).array());
  const nn::Bilinear bilinear({.in1_features = 6, .in2_features = 6, .out_features = 2});
  require_equal((*clone_of(bilinear))(x, x).array(), bilinear(x, x).array());
  const nn::HuberLoss huber({.delta = 0.25});
  require_equal((*clone_of(huber))(x, x * Tensor(x)).array(), huber(x, x * Tensor(x)).array());
  const SparseAdjacency edges({.num_nodes = 3, .edges = {{.source = 0, .target = 1}, {.source = 1, .target = 2}}});
  const Array nodes = Generator(2).reals({3, 4}).to(DType::f32);
  const nn::GcnConv gcn({.in_channels = 4, .out_channels = 2});
  require_equal((*clone_of(gcn))(nodes, edges).array(), gcn(nodes, edges).array());
  const nn::SageConv sage({.in_channels = 4, .out_channels = 2, .aggregation = Aggregation::max});
  require_equal((*clone_of(sage))(nodes, edges).array(), sage(nodes, edges).array());
  const nn::GatConv gat({.in_channels = 4, .out_channels = 2, .heads = 3, .concat = false, .negative_slope = 0.5});
  require_equal((*clone_of(gat))(nodes, edges).array(), gat(nodes, edges).array());
}

TEST_CASE("a module list is cloned with its members") {
  nn::ModuleList<nn::Linear> list;
  list.append(nn::Linear({.in_features = 2, .out_features = 3}));
  const auto copy = clone_of(list);
  REQUIRE(copy->size() == 1);
  REQUIRE(&(*copy)[0] != &list[0]);
  require_equal((*copy)[0].weight().array(), list[0].weight().array());
}

TEST_CASE("the error for a class that cannot be cloned says what to do") {
  struct Plain : nn::Module {
    Tensor forward(const Tensor& x) const override { return x; }
  };
  struct Louder : nn::ReLU {};
  struct Grown : nn::Module {
    nn::Buffer scale;
    explicit Grown(bool grown = false) {
      if (grown) scale = add_buffer("scale", Array::zeros({1}));
    }
    Tensor forward(const Tensor& x) const override { return x; }
    std::unique_ptr<ModuleBase> make_like() const override { return make<Grown>(); }
  };
  REQUIRE_THROWS_MATCHES(Plain().clone(), ValueError,
                         Message("clone: the class Plain does not override make_like\n"
                                 "hint: add std::unique_ptr<ModuleBase> make_like() const override { "
                                 "return make<Plain>(…); }"));
  REQUIRE_THROWS_WITH(nn::sequential({Plain()}).clone(),
                      ContainsSubstring("the class Plain does not override make_like"));
  REQUIRE_THROWS_MATCHES(Louder().clone(), ValueError,
                         Message("clone: make_like of the class Louder returns a ReLU\n"
                                 "hint: override make_like in Louder"));
  struct Empty : nn::ReLU {
    std::unique_ptr<ModuleBase> make_like() const override { return nullptr; }
  };
  REQUIRE_THROWS_MATCHES(Empty().clone(), ValueError,
                         Message("clone: make_like of the class Empty returns a null pointer"));
  REQUIRE_THROWS_MATCHES(
      Grown(true).clone(), ValueError,
      Message("clone: make_like of the class Grown returns a module with other parameters or buffers"));
}

}  // namespace test_clone
