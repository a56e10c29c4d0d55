// Pooling layers.
#pragma once

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `max_pool1d` as a layer. The constructor checks the options.
class MaxPool1d : public Module {
 public:
  explicit MaxPool1d(const MaxPool1dOptions& options) : options_(options) { options.check("MaxPool1d"); }
  Tensor forward(const Tensor& x) const override { return max_pool1d(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<MaxPool1d>(options_); }

  MaxPool1dOptions options_;
};

/// `max_pool2d` as a layer. The constructor checks the options.
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const MaxPool2dOptions& options) : options_(options) { options.check("MaxPool2d"); }
  Tensor forward(const Tensor& x) const override { return max_pool2d(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<MaxPool2d>(options_); }

  MaxPool2dOptions options_;
};

/// `max_unpool2d` as a layer of values and indices. The constructor checks the options.
class MaxUnpool2d : public ModuleOf<Tensor(const Tensor&, const Array&)> {
 public:
  explicit MaxUnpool2d(const MaxUnpool2dOptions& options) : options_(options) { options.check("MaxUnpool2d"); }
  Tensor forward(const Tensor& x, const Array& indices) const override { return max_unpool2d(x, indices, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<MaxUnpool2d>(options_); }

  MaxUnpool2dOptions options_;
};

/// `avg_pool1d` as a layer. The constructor checks the options.
class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(const AvgPool1dOptions& options) : options_(options) { options.check("AvgPool1d"); }
  Tensor forward(const Tensor& x) const override { return avg_pool1d(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AvgPool1d>(options_); }

  AvgPool1dOptions options_;
};

/// `avg_pool2d` as a layer. The constructor checks the options.
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const AvgPool2dOptions& options) : options_(options) { options.check("AvgPool2d"); }
  Tensor forward(const Tensor& x) const override { return avg_pool2d(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AvgPool2d>(options_); }

  AvgPool2dOptions options_;
};

/// `adaptive_avg_pool2d` as a layer. The constructor checks the output size.
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair output_size) : output_size_(output_size) {
    check_adaptive_output_size("AdaptiveAvgPool2d", output_size);
  }
  Tensor forward(const Tensor& x) const override { return adaptive_avg_pool2d(x, output_size_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AdaptiveAvgPool2d>(output_size_); }

  Pair output_size_;
};

/// `adaptive_max_pool2d` as a layer. The constructor checks the output size.
class AdaptiveMaxPool2d : public Module {
 public:
  explicit AdaptiveMaxPool2d(Pair output_size) : output_size_(output_size) {
    check_adaptive_output_size("AdaptiveMaxPool2d", output_size);
  }
  Tensor forward(const Tensor& x) const override { return adaptive_max_pool2d(x, output_size_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AdaptiveMaxPool2d>(output_size_); }

  Pair output_size_;
};

/// `global_avg_pool2d` as a layer: (N, C, H, W) → (N, C, 1, 1).
class GlobalAvgPool2d : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return global_avg_pool2d(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GlobalAvgPool2d>(); }
};

/// `global_max_pool2d` as a layer: (N, C, H, W) → (N, C, 1, 1).
class GlobalMaxPool2d : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return global_max_pool2d(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GlobalMaxPool2d>(); }
};

}  // namespace tapestry::nn
