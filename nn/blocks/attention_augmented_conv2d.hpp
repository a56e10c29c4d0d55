// A convolution that gets some of its channels from self-attention over the whole image.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// Concatenates the channels of a convolution and `value_channels` channels of self-attention, in which every pixel
/// attends to all pixels (Bello et al., "Attention augmented convolutional networks", 2019, equations 1 to 5). Scores
/// have relative position terms for rows and for columns: a learned vector for each distance, shared by the heads.
/// Parameters: weight and bias of conv_out, qkv_conv and attn_out, and key_rel_h (2·H − 1, key_channels / num_heads)
/// and key_rel_w, where H × W is `max_size`, initially normal with standard deviation √(num_heads / key_channels).
/// Throws a ValueError for options out of range.
class AttentionAugmentedConv2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;     ///< channels of x
    Required<std::int64_t> out_channels;    ///< channels of the result, from both sources
    Required<Pair> kernel_size;             ///< kernel of the convolution, which keeps the size
    Required<std::int64_t> key_channels;    ///< channels of the queries and of the keys, over all heads
    Required<std::int64_t> value_channels;  ///< channels of the values over all heads, fewer than out_channels
    Required<std::int64_t> num_heads;       ///< must divide key_channels and value_channels
    Required<Pair> max_size;                ///< the largest height and width of x
  };

  explicit AttentionAugmentedConv2d(const Options& options);

  /// (N, in_channels, H, W) → (N, out_channels, H, W). Memory and time grow with (H·W)². Throws a ShapeError for images
  /// of another shape or larger than `max_size`.
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AttentionAugmentedConv2d>(options_); }

  Tensor attend(const Tensor& x) const;
  Tensor position_scores(const Tensor& grid) const;

  Options options_;
  Conv2d& conv_out_;
  Conv2d& qkv_conv_;
  Conv2d& attn_out_;
  Parameter key_rel_h_, key_rel_w_;
};

}  // namespace tapestry::nn
