// The vision transformer.
#pragma once

#include <cstdint>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): a convolution projects each patch of patch_size × patch_size pixels to a
/// vector; a class token is prepended, whose last state gives the logits; learned position embeddings are added; the
/// encoder layers consist of self-attention and an MLP, each with a layer norm before it and a residual connection
/// (Dosovitskiy et al., "An image is worth 16×16 words", 2021, figure 1 and equations 1 to 4). The names of parameters
/// are torchvision's: class_token, conv_proj, encoder.pos_embedding, encoder.layers.encoder_layer_0.ln_1, …,
/// heads.head. Throws a ValueError for options out of range, a ShapeError for images of another size.
class VisionTransformer : public nn::Module {
 public:
  struct Options {
    Required<std::int64_t> image_size;  ///< H and W
    Required<std::int64_t> patch_size;  ///< must divide image_size
    Required<std::int64_t> num_layers;  ///< encoder layers
    Required<std::int64_t> num_heads;   ///< heads of each attention, must divide hidden_dim
    Required<std::int64_t> hidden_dim;  ///< size of the vectors
    Required<std::int64_t> mlp_dim;     ///< hidden units of each MLP
    double dropout = 0;           ///< dropout after the position embeddings, each attention and each layer of an MLP
    std::int64_t classes = 1000;  ///< logits per image
  };

  explicit VisionTransformer(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<VisionTransformer>(options_); }

  Options options_;
  nn::Parameter class_token_;
  nn::Conv2d& conv_proj_;
  nn::Module* encoder_;
  nn::Sequential& heads_;
};

/// ViT-B/16, for images of 224×224.
inline VisionTransformer vit_b_16(std::int64_t classes = 1000) {
  return VisionTransformer({.image_size = 224,
                            .patch_size = 16,
                            .num_layers = 12,
                            .num_heads = 12,
                            .hidden_dim = 768,
                            .mlp_dim = 3072,
                            .classes = classes});
}

/// A small transformer for images of 32×32 pixels, with 64 patches of 4×4 pixels.
inline VisionTransformer vit_small_images(std::int64_t classes = 10) {
  return VisionTransformer({.image_size = 32,
                            .patch_size = 4,
                            .num_layers = 6,
                            .num_heads = 4,
                            .hidden_dim = 128,
                            .mlp_dim = 256,
                            .classes = classes});
}

}  // namespace tapestry::models
