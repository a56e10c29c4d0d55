// Loss layers of predictions and targets. Their constructors throw a ValueError for options out of range.
#pragma once

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// `cross_entropy` as a layer. The class weights are a buffer, weight, and follow the layer to another dtype.
class CrossEntropyLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit CrossEntropyLoss(const CrossEntropyOptions& options = {});
  /// The targets are labels, i64, or class probabilities.
  Tensor forward(const Tensor& logits, const Tensor& targets) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<CrossEntropyLoss>(options_); }

  CrossEntropyOptions options_;
  Buffer weight_;
};

/// `nll_loss` as a layer. The class weights are a buffer, weight, and follow the layer to another dtype.
class NLLLoss : public ModuleOf<Tensor(const Tensor&, const Array&)> {
 public:
  explicit NLLLoss(const NllLossOptions& options = {});
  Tensor forward(const Tensor& log_probabilities, const Array& labels) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<NLLLoss>(options_); }

  NllLossOptions options_;
  Buffer weight_;
};

/// `binary_cross_entropy_with_logits` as a layer. Its weights are buffers, weight and pos_weight, and follow the layer
/// to another dtype.
class BCEWithLogitsLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit BCEWithLogitsLoss(const BinaryCrossEntropyOptions& options = {});
  Tensor forward(const Tensor& logits, const Tensor& targets) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<BCEWithLogitsLoss>(options_); }

  BinaryCrossEntropyOptions options_;
  Buffer weight_, pos_weight_;
};

/// `mse_loss` as a layer.
class MSELoss : public OperatorLayer<MSELoss, mse_loss> {
 public:
  explicit MSELoss(Reduction reduction = Reduction::mean) : OperatorLayer(reduction) {}
};

/// `l1_loss` as a layer.
class L1Loss : public OperatorLayer<L1Loss, l1_loss> {
 public:
  explicit L1Loss(Reduction reduction = Reduction::mean) : OperatorLayer(reduction) {}
};

/// `smooth_l1_loss` as a layer.
class SmoothL1Loss : public OperatorLayer<SmoothL1Loss, smooth_l1_loss> {
 public:
  explicit SmoothL1Loss(const Options& options = {}) : OperatorLayer("SmoothL1Loss", options) {}
};

/// `huber_loss` as a layer.
class HuberLoss : public OperatorLayer<HuberLoss, huber_loss> {
 public:
  explicit HuberLoss(const Options& options = {}) : OperatorLayer("HuberLoss", options) {}
};

/// `dice_loss` as a layer.
class DiceLoss : public OperatorLayer<DiceLoss, dice_loss> {
 public:
  explicit DiceLoss(const Options& options = {}) : OperatorLayer("DiceLoss", options) {}
};

/// `kl_div` as a layer.
class KLDivLoss : public OperatorLayer<KLDivLoss, kl_div> {
 public:
  explicit KLDivLoss(const Options& options = {}) : OperatorLayer(options) {}
};

}  // namespace tapestry::nn
