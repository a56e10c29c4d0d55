// A convolution some of whose channels come from attention over the whole image.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// The channels of a convolution and, after them, `value_channels` of attention, in which every pixel looks at all
/// pixels (Bello et al., "Attention augmented convolutional networks", 2019, equations 1 to 5). The score of a query
/// and a key has a term for how many rows, and one for how many columns, they lie apart: a learned vector for each
/// distance, shared by the heads. Parameters: conv_out, qkv_conv and attn_out, a weight and a bias each, and key_rel_h
/// (2·H − 1, key_channels / num_heads) and key_rel_w, H × W being `max_size`, normal at first with the deviation
/// √(num_heads / key_channels). Throws a ValueError for options out of range.
class AttentionAugmentedConv2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;     ///< channels of x
    Required<std::int64_t> out_channels;    ///< channels of the result, from either source
    Required<Pair> kernel_size;             ///< of the convolution, which keeps the size
    Required<std::int64_t> key_channels;    ///< of the queries, and of the keys, of all heads
    Required<std::int64_t> value_channels;  ///< of the values of all heads, fewer than out_channels
    Required<std::int64_t> num_heads;       ///< must divide key_channels and value_channels
    Required<Pair> max_size;                ///< the largest height and width of x
  };

  explicit AttentionAugmentedConv2d(const Options& options);

  /// (N, in_channels, H, W) → (N, out_channels, H, W). Memory and time grow with (H·W)². Throws a ShapeError for other
  /// images, or larger ones than `max_size`.
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AttentionAugmentedConv2d>(options_); }

  Tensor attend(const Tensor& x) const;
  Tensor place_scores(const Tensor& grid) const;

  Options options_;
  Conv2d& conv_out_;
  Conv2d& qkv_conv_;
  Conv2d& attn_out_;
  Parameter key_rel_h_, key_rel_w_;
};

}  // namespace tapestry::nn
