#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/vision_transformer.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/layer_norm.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>

namespace tapestry::models {
namespace {

using Options = VisionTransformer::Options;

Options checked(const Options& options) {
  const std::int64_t image = options.image_size, patch = options.patch_size, layers = options.num_layers;
  if (image < 1 || patch < 1 || image % patch != 0) {
    throw ValueError(
        fmt::format("VisionTransformer: patch_size {} must divide image_size {}, both at least 1", patch, image));
  }
  if (layers < 1) throw ValueError(fmt::format("VisionTransformer: num_layers must be at least 1, got {}", layers));
  return options;
}

nn::LayerNorm norm(const Options& options) {
  return nn::LayerNorm({.normalized_shape = Shape{options.hidden_dim}, .eps = 1e-6});
}

nn::Sequential mlp(const Options& options) {
  return nn::sequential({nn::Linear({.in_features = options.hidden_dim, .out_features = options.mlp_dim}), nn::GELU(),
                         nn::Dropout({.p = options.dropout}),
                         nn::Linear({.in_features = options.mlp_dim, .out_features = options.hidden_dim}),
                         nn::Dropout({.p = options.dropout})});
}

/// y = x + attention(ln_1(x)), then y + mlp(ln_2(y)): (N, L, E) → the same.
class EncoderLayer : public nn::Module {
 public:
  explicit EncoderLayer(const Options& options)
      : options_(options),
        ln_1_(add("ln_1", norm(options))),
        self_attention_(add("self_attention",
                            nn::MultiheadAttention({.embed_dim = options.hidden_dim, .num_heads = options.num_heads}))),
        dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
        ln_2_(add("ln_2", norm(options))),
        mlp_(add("mlp", mlp(options))) {}

  Tensor forward(const Tensor& x) const override {
    const Tensor normed = ln_1_(x);
    const Tensor y = x + dropout_(self_attention_(normed, normed, normed));
    return y + mlp_(ln_2_(y));
  }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<EncoderLayer>(options_); }

  Options options_;
  nn::LayerNorm& ln_1_;
  nn::MultiheadAttention& self_attention_;
  nn::Dropout& dropout_;
  nn::LayerNorm& ln_2_;
  nn::Sequential& mlp_;
};

nn::Sequential layers(const Options& options) {
  nn::Sequential result;
  for (std::int64_t i = 0; i < options.num_layers; ++i) {
    result.append(fmt::format("encoder_layer_{}", i), EncoderLayer(options));
  }
  return result;
}

/// Position embeddings, encoder layers and a last norm: (N, L, E) → the same.
class Encoder : public nn::Module {
 public:
  explicit Encoder(const Options& options)
      : options_(options),
        dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
        layers_(add("layers", layers(options))),
        ln_(add("ln", norm(options))) {
    const std::int64_t side = options.image_size / options.patch_size;
    pos_embedding_ = add_parameter("pos_embedding", Array::empty({1, side * side + 1, options.hidden_dim}));
    nn::init::normal(pos_embedding_, 0, 0.02);
  }

  Tensor forward(const Tensor& x) const override { return ln_(layers_(dropout_(x + pos_embedding_))); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Encoder>(options_); }

  Options options_;
  nn::Dropout& dropout_;
  nn::Sequential& layers_;
  nn::LayerNorm& ln_;
  nn::Parameter pos_embedding_;
};

nn::Sequential heads(const Options& options) {
  nn::Sequential result;
  result.append("head", nn::Linear({.in_features = options.hidden_dim, .out_features = options.classes}));
  return result;
}

}  // namespace

VisionTransformer::VisionTransformer(const Options& options)
    : options_(checked(options)),
      class_token_(add_parameter("class_token", Array::zeros({1, 1, options.hidden_dim}))),
      conv_proj_(add("conv_proj", nn::Conv2d({.in_channels = 3,
                                              .out_channels = options.hidden_dim,
                                              .kernel_size = options.patch_size.get(),
                                              .stride = options.patch_size.get()}))),
      encoder_(&add("encoder", Encoder(options))),
      heads_(add("heads", heads(options))) {}

Tensor VisionTransformer::forward(const Tensor& x) const {
  const std::int64_t size = options_.image_size;
  if (x.rank() != 4 || x.shape() != Shape{x.size(0), 3, size, size}) {
    throw ShapeError(
        fmt::format("VisionTransformer: expected images (N, 3, {0}, {0}), got {1}", size, to_string(x.shape())));
  }
  const Tensor patches = flatten(permute(conv_proj_(x), {0, 2, 3, 1}), 1, 2);
  const Tensor tokens = cat({expand(class_token_, {x.size(0), -1, -1}), patches}, 1);
  const Tensor states = (*encoder_)(tokens);
  return heads_(squeeze(slice(states, 1, 0, 1), 1));
}

}  // namespace tapestry::models
