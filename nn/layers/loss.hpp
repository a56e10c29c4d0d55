// Losses as layers of predictions and targets. Options out of range are refused with a ValueError when the layer is
// made.
#pragma once

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// `cross_entropy` as a layer. The factors of the classes are a buffer, weight, and follow the layer to another dtype.
class CrossEntropyLoss : public ModuleBase {
 public:
  explicit CrossEntropyLoss(const CrossEntropyOptions& options = {});
  Tensor operator()(const Tensor& logits, const Array& labels) const;
  Tensor operator()(const Tensor& logits, const Tensor& targets) const;

 private:
  CrossEntropyOptions options() const;

  CrossEntropyOptions options_;
  Tensor weight_;
};

/// `nll_loss` as a layer. The factors of the classes are a buffer, weight, and follow the layer to another dtype.
class NLLLoss : public ModuleBase {
 public:
  explicit NLLLoss(const NllLossOptions& options = {});
  Tensor operator()(const Tensor& log_probabilities, const Array& labels) const;

 private:
  NllLossOptions options_;
  Tensor weight_;
};

/// `binary_cross_entropy_with_logits` as a layer. Its factors are buffers, weight and pos_weight, and follow the layer
/// to another dtype.
class BCEWithLogitsLoss : public ModuleBase {
 public:
  explicit BCEWithLogitsLoss(const BinaryCrossEntropyOptions& options = {});
  Tensor operator()(const Tensor& logits, const Tensor& targets) const;

 private:
  BinaryCrossEntropyOptions options_;
  Tensor weight_, pos_weight_;
};

/// `mse_loss` as a layer.
class MSELoss : public ModuleBase {
 public:
  explicit MSELoss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    const auto layer = enter();
    return mse_loss(input, target, reduction_);
  }

 private:
  Reduction reduction_;
};

/// `l1_loss` as a layer.
class L1Loss : public ModuleBase {
 public:
  explicit L1Loss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    const auto layer = enter();
    return l1_loss(input, target, reduction_);
  }

 private:
  Reduction reduction_;
};

/// `smooth_l1_loss` as a layer.
class SmoothL1Loss : public ModuleBase {
 public:
  explicit SmoothL1Loss(const SmoothL1LossOptions& options = {}) : options_(options) {
    check_smooth_l1_beta("SmoothL1Loss", options.beta);
  }
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    const auto layer = enter();
    return smooth_l1_loss(input, target, options_);
  }

 private:
  SmoothL1LossOptions options_;
};

/// `huber_loss` as a layer.
class HuberLoss : public ModuleBase {
 public:
  explicit HuberLoss(const HuberLossOptions& options = {}) : options_(options) {
    check_huber_delta("HuberLoss", options.delta);
  }
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    const auto layer = enter();
    return huber_loss(input, target, options_);
  }

 private:
  HuberLossOptions options_;
};

/// `dice_loss` as a layer.
class DiceLoss : public ModuleBase {
 public:
  explicit DiceLoss(const DiceLossOptions& options = {}) : options_(options) {
    check_dice_smooth("DiceLoss", options.smooth);
  }
  Tensor operator()(const Tensor& probabilities, const Tensor& targets) const {
    const auto layer = enter();
    return dice_loss(probabilities, targets, options_);
  }

 private:
  DiceLossOptions options_;
};

/// `kl_div` as a layer.
class KLDivLoss : public ModuleBase {
 public:
  explicit KLDivLoss(const KlDivOptions& options = {}) : options_(options) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    const auto layer = enter();
    return kl_div(input, target, options_);
  }

 private:
  KlDivOptions options_;
};

}  // namespace tapestry::nn
