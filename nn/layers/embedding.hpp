// Vectors for indices, places and patches of images.
#pragma once

#include <cstdint>
#include <optional>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `embedding` with a weight (num_embeddings, embedding_dim), normal with mean 0 and variance 1 at first; the row of
/// padding_idx is zeros and stays so. Throws a ValueError for options out of range.
class Embedding : public Module {
 public:
  struct Options {
    Required<std::int64_t> num_embeddings;         ///< how many indices there are
    Required<std::int64_t> embedding_dim;          ///< the size of a vector
    std::optional<std::int64_t> padding_idx = {};  ///< the index that stands for nothing
  };

  explicit Embedding(const Options& options);
  /// Indices i64 of any shape (…) → (…, embedding_dim).
  Tensor forward(const Tensor& indices) const override;

  const Tensor& weight() const { return weight_; }

 private:
  std::optional<std::int64_t> padding_idx_;
  Parameter weight_;
};

/// x (N, L, embed_dim) plus `sinusoidal_positions` of its places, then dropout. Throws a ValueError for options out of
/// range and, on use, a ShapeError for more than max_length places.
class PositionalEncoding : public Module {
 public:
  struct Options {
    Required<std::int64_t> embed_dim;  ///< the size of a vector
    std::int64_t max_length = 5000;    ///< the most places there will be
    double dropout = 0.1;              ///< the probability of dropping an element in training
  };

  explicit PositionalEncoding(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  Array positions_;
  Dropout& dropout_;
};

/// x (N, L, embed_dim) plus a parameter pos_embedding (1, max_length, embed_dim) up to place L, normal with mean 0 and
/// standard deviation 0.02 at first, as in torchvision's vision transformer. Throws a ValueError for options out of
/// range and, on use, a ShapeError for more than max_length places.
class LearnedPositionalEncoding : public Module {
 public:
  struct Options {
    Required<std::int64_t> embed_dim;   ///< the size of a vector
    Required<std::int64_t> max_length;  ///< the most places there will be
  };

  explicit LearnedPositionalEncoding(const Options& options);
  Tensor forward(const Tensor& x) const override;

  const Tensor& pos_embedding() const { return pos_embedding_; }

 private:
  Parameter pos_embedding_;
};

/// Images (N, C, H, W) → a vector for every patch (N, H/ph · W/pw, embed_dim), row by row, by a convolution "proj"
/// whose kernel and stride are the patch (Dosovitskiy et al., "An image is worth 16x16 words", 2021). Throws a
/// ValueError for options out of range and, on use, a ShapeError for an image that is not whole patches.
class PatchEmbedding : public Module {
 public:
  struct Options {
    std::int64_t in_channels = 3;      ///< channels of an image
    Required<Pair> patch_size;         ///< pixels of a patch
    Required<std::int64_t> embed_dim;  ///< the size of a vector
    bool bias = true;                  ///< with a bias
  };

  explicit PatchEmbedding(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  Pair patch_size_;
  Conv2d& proj_;
};

}  // namespace tapestry::nn
