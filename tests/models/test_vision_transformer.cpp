#include <string>
#include <vector>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/vision_transformer.hpp>
#include <tapestry/nn/init.hpp>

#include "models/training_checks.hpp"

namespace test_vision_transformer {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using models::VisionTransformer;

namespace {

VisionTransformer::Options small(std::int64_t layers = 2) {
  return {.image_size = 8,
          .patch_size = 4,
          .num_layers = layers,
          .num_heads = 2,
          .hidden_dim = 6,
          .mlp_dim = 10,
          .classes = 5};
}

/// Images of 2 × 2 patches, and the same images with the upper and the lower patches swapped.
struct TwoOrders {
  Array plain, swapped;
};
TwoOrders swapped_patches() {
  const Tensor x = Generator(1).reals({2, 3, 8, 8}).to(DType::f32);
  return {x.array(), cat({slice(x, 2, 4, 8), slice(x, 2, 0, 4)}, 2).array()};
}

}  // namespace

TEST_CASE("vit_b_16 has the parameters of torchvision") {
  const VisionTransformer net = models::vit_b_16();
  REQUIRE(parameter_count(net) == 86'567'656);
}

TEST_CASE("the parts of a vision transformer have the names and shapes of torchvision") {
  const VisionTransformer net(small());
  const std::string layer = "encoder.layers.encoder_layer_1.";
  const std::vector<std::pair<std::string, Shape>> entries = {{"class_token", {1, 1, 6}},
                                                              {"conv_proj.weight", {6, 3, 4, 4}},
                                                              {"conv_proj.bias", {6}},
                                                              {"encoder.pos_embedding", {1, 5, 6}},
                                                              {layer + "ln_1.weight", {6}},
                                                              {layer + "ln_1.bias", {6}},
                                                              {layer + "self_attention.in_proj_weight", {18, 6}},
                                                              {layer + "self_attention.in_proj_bias", {18}},
                                                              {layer + "self_attention.out_proj.weight", {6, 6}},
                                                              {layer + "self_attention.out_proj.bias", {6}},
                                                              {layer + "ln_2.weight", {6}},
                                                              {layer + "ln_2.bias", {6}},
                                                              {layer + "mlp.0.weight", {10, 6}},
                                                              {layer + "mlp.0.bias", {10}},
                                                              {layer + "mlp.3.weight", {6, 10}},
                                                              {layer + "mlp.3.bias", {6}},
                                                              {"encoder.ln.weight", {6}},
                                                              {"encoder.ln.bias", {6}},
                                                              {"heads.head.weight", {5, 6}},
                                                              {"heads.head.bias", {5}}};
  const nn::StateDict state = net.state_dict();
  REQUIRE(state.size() == entries.size() + 12);
  for (const auto& [name, shape] : entries) {
    INFO(name);
    const auto found =
        std::find_if(state.begin(), state.end(), [&, &wanted = name](const auto& one) { return one.first == wanted; });
    REQUIRE(found != state.end());
    REQUIRE(found->second.shape() == shape);
  }
}

TEST_CASE("every parameter of a vision transformer gets a gradient") {
  VisionTransformer net(small());
  REQUIRE(net(Array::zeros({3, 3, 8, 8})).shape() == Shape{3, 5});
  require_gradients_everywhere(net, {2, 3, 8, 8}, Array::zeros({2}, DType::i64));
}

TEST_CASE("without position embeddings a vision transformer ignores the order of patches") {
  manual_seed(1);
  VisionTransformer net(small());
  const auto [plain, swapped] = swapped_patches();
  REQUIRE(values_of(net(plain).array()) != values_of(net(swapped).array()));
  for (const auto& [name, parameter] : net.named_parameters()) {
    if (name == "encoder.pos_embedding") nn::init::constant(parameter, 0);
  }
  // Sums of a few terms near 1 in another order, through two layers.
  require_close(net(plain).array(), net(swapped).array(), 1e-5);
}

TEST_CASE("a vision transformer applies dropout in training only") {
  VisionTransformer::Options options = small();
  options.dropout = 0.5;
  VisionTransformer net(options);
  const Array x = swapped_patches().plain;
  REQUIRE(values_of(net(x).array()) != values_of(net(x).array()));
  net.eval();
  require_equal(net(x).array(), net(x).array());
}

TEST_CASE("a vision transformer rejects invalid arguments") {
  const auto with = [](auto change) {
    VisionTransformer::Options options = small();
    change(options);
    return VisionTransformer(options);
  };
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.patch_size = 3; }), ValueError,
                         Message("VisionTransformer: patch_size 3 must divide image_size 8, both at least 1"));
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.patch_size = 0; }), ValueError,
                         Message("VisionTransformer: patch_size 0 must divide image_size 8, both at least 1"));
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.image_size = 0; }), ValueError,
                         Message("VisionTransformer: patch_size 4 must divide image_size 0, both at least 1"));
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.num_layers = 0; }), ValueError,
                         Message("VisionTransformer: num_layers must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.num_heads = 4; }), ValueError,
                         Message("MultiheadAttention: num_heads 4 must divide embed_dim 6, both at least 1"));
  REQUIRE_THROWS_MATCHES(with([](auto& options) { options.dropout = 2; }), ValueError,
                         Message("Dropout: p must be in [0, 1], got 2"));
  VisionTransformer net(small());
  for (const Shape& shape : {Shape{2, 3, 8, 12}, Shape{2, 1, 8, 8}, Shape{3, 8, 8}}) {
    REQUIRE_THROWS_MATCHES(net(Array::zeros(shape)), ShapeError,
                           Message("VisionTransformer: expected images (N, 3, 8, 8), got " + to_string(shape)));
  }
}

}  // namespace test_vision_transformer
