// What the convolution layers share: options, weight and bias.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// The options of `Conv1d`, whose sizes are numbers of elements, and of `Conv2d`, whose sizes are pairs of pixels.
template <class SizeType, class PaddingType, class ConvOptions>
struct ConvLayerOptions {
  using Size = SizeType;
  using OperatorOptions = ConvOptions;

  Required<std::int64_t> in_channels;             ///< channels of x
  Required<std::int64_t> out_channels;            ///< channels of the result
  Required<Size> kernel_size;                     ///< the size of a window
  Size stride = 1;                                ///< from one window to the next
  PaddingType padding = 0;                        ///< on either side
  Size dilation = 1;                              ///< from one kernel element to the next
  std::int64_t groups = 1;                        ///< independent channel groups
  bool bias = true;                               ///< adds a learnable bias
  PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds

  OperatorOptions operator_options() const { return {stride, padding, dilation, groups, padding_mode}; }
};

/// The options of `ConvTranspose1d`, whose sizes are numbers of elements, and of `ConvTranspose2d`, whose sizes are
/// pairs of pixels.
template <class SizeType, class ConvOptions>
struct ConvTransposeLayerOptions {
  using Size = SizeType;
  using OperatorOptions = ConvOptions;

  Required<std::int64_t> in_channels;   ///< channels of x
  Required<std::int64_t> out_channels;  ///< channels of the result
  Required<Size> kernel_size;           ///< the size of a window
  Size stride = 1;                      ///< of the output, from one window to the next
  Size padding = 0;                     ///< removed on either side of the output
  Size output_padding = 0;              ///< extra size at the end of the output; less than stride or dilation
  std::int64_t groups = 1;              ///< independent channel groups
  bool bias = true;                     ///< adds a learnable bias
  Size dilation = 1;                    ///< from one kernel element to the next

  OperatorOptions operator_options() const { return {stride, padding, output_padding, groups, dilation}; }
};

/// A layer with the weight and the bias of a convolution, both uniform in ±1/√fan_in initially, as in PyTorch.
template <class LayerOptions>
class ConvBase : public Module {
 public:
  using Options = LayerOptions;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 protected:
  /// Throws a ValueError that names the layer for invalid options of the operator, for channels below 1, and for groups
  /// that do not divide both channel counts.
  ConvBase(std::string_view layer, const Options& options);

  Options options_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
