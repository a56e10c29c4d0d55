// Embedding layers of indices, positions and image patches.
#pragma once

#include <cstdint>
#include <optional>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `embedding` with a weight (num_embeddings, embedding_dim), initially normal with mean 0 and variance 1; the row of
/// padding_idx is zero and not trained. Throws a ValueError for options out of range.
class Embedding : public Module {
 public:
  struct Options {
    Required<std::int64_t> num_embeddings;         ///< number of vectors
    Required<std::int64_t> embedding_dim;          ///< size of a vector
    std::optional<std::int64_t> padding_idx = {};  ///< index of the padding
  };

  explicit Embedding(const Options& options);
  /// Indices i64 of any shape (…) → (…, embedding_dim).
  Tensor forward(const Tensor& indices) const override;

  const Tensor& weight() const { return weight_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Embedding>(options_); }

  Options options_;
  Parameter weight_;
};

/// x (N, L, embed_dim) plus the `sinusoidal_positions`, then dropout. Throws a ValueError for options out of range, and
/// in forward a ShapeError for more than max_length positions.
class PositionalEncoding : public Module {
 public:
  struct Options {
    Required<std::int64_t> embed_dim;  ///< size of a vector
    std::int64_t max_length = 5000;    ///< maximum number of positions
    double dropout = 0.1;              ///< probability of dropping an element
  };

  explicit PositionalEncoding(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PositionalEncoding>(options_); }

  Options options_;
  Array positions_;
  Dropout& dropout_;
};

/// x (N, L, embed_dim) plus the first L positions of a parameter pos_embedding (1, max_length, embed_dim), initially
/// normal with mean 0 and standard deviation 0.02, as in torchvision's vision transformer. Throws a ValueError for
/// options out of range, and in forward a ShapeError for more than max_length positions.
class LearnedPositionalEncoding : public Module {
 public:
  struct Options {
    Required<std::int64_t> embed_dim;   ///< size of a vector
    Required<std::int64_t> max_length;  ///< maximum number of positions
  };

  explicit LearnedPositionalEncoding(const Options& options);
  Tensor forward(const Tensor& x) const override;

  const Tensor& pos_embedding() const { return pos_embedding_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<LearnedPositionalEncoding>(options_); }

  Options options_;
  Parameter pos_embedding_;
};

/// Images (N, C, H, W) → a vector for every patch (N, H/ph · W/pw, embed_dim), row by row, by a convolution "proj"
/// whose kernel and stride have the size of a patch (Dosovitskiy et al., "An image is worth 16x16 words", 2021). Throws
/// a ValueError for options out of range, and in forward a ShapeError unless patches cover the image exactly.
class PatchEmbedding : public Module {
 public:
  struct Options {
    std::int64_t in_channels = 3;      ///< channels of the images
    Required<Pair> patch_size;         ///< height and width of a patch
    Required<std::int64_t> embed_dim;  ///< size of a vector
    bool bias = true;                  ///< adds a learnable bias
  };

  explicit PatchEmbedding(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PatchEmbedding>(options_); }

  Options options_;
  Conv2d& proj_;
};

}  // namespace tapestry::nn
