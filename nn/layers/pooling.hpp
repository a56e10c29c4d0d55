// Pooling layers.
#pragma once

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// `max_pool1d` as a layer. The constructor checks the options.
class MaxPool1d : public OperatorLayer<MaxPool1d, max_pool1d> {
 public:
  explicit MaxPool1d(const Options& options) : OperatorLayer("MaxPool1d", options) {}
};

/// `max_pool2d` as a layer. The constructor checks the options.
class MaxPool2d : public OperatorLayer<MaxPool2d, max_pool2d> {
 public:
  explicit MaxPool2d(const Options& options) : OperatorLayer("MaxPool2d", options) {}
};

/// `max_unpool2d` as a layer with two inputs, values and indices. The constructor checks the options.
class MaxUnpool2d : public OperatorLayer<MaxUnpool2d, max_unpool2d> {
 public:
  explicit MaxUnpool2d(const Options& options) : OperatorLayer("MaxUnpool2d", options) {}
};

/// `avg_pool1d` as a layer. The constructor checks the options.
class AvgPool1d : public OperatorLayer<AvgPool1d, avg_pool1d> {
 public:
  explicit AvgPool1d(const Options& options) : OperatorLayer("AvgPool1d", options) {}
};

/// `avg_pool2d` as a layer. The constructor checks the options.
class AvgPool2d : public OperatorLayer<AvgPool2d, avg_pool2d> {
 public:
  explicit AvgPool2d(const Options& options) : OperatorLayer("AvgPool2d", options) {}
};

/// `adaptive_avg_pool2d` as a layer. The constructor checks the output size.
class AdaptiveAvgPool2d : public OperatorLayer<AdaptiveAvgPool2d, adaptive_avg_pool2d> {
 public:
  explicit AdaptiveAvgPool2d(Pair output_size) : OperatorLayer(output_size) {
    check_adaptive_output_size("AdaptiveAvgPool2d", output_size);
  }
};

/// `adaptive_max_pool2d` as a layer. The constructor checks the output size.
class AdaptiveMaxPool2d : public OperatorLayer<AdaptiveMaxPool2d, adaptive_max_pool2d> {
 public:
  explicit AdaptiveMaxPool2d(Pair output_size) : OperatorLayer(output_size) {
    check_adaptive_output_size("AdaptiveMaxPool2d", output_size);
  }
};

/// `global_avg_pool2d` as a layer: (N, C, H, W) → (N, C, 1, 1).
class GlobalAvgPool2d : public OperatorLayer<GlobalAvgPool2d, global_avg_pool2d> {};

/// `global_max_pool2d` as a layer: (N, C, H, W) → (N, C, 1, 1).
class GlobalMaxPool2d : public OperatorLayer<GlobalMaxPool2d, global_max_pool2d> {};

}  // namespace tapestry::nn
