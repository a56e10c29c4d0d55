// Losses as layers of predictions and targets. Their constructors throw a ValueError for options out of range.
#pragma once

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

/// `cross_entropy` as a layer. The factors of the classes are a buffer, weight, and follow the layer to another dtype.
class CrossEntropyLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit CrossEntropyLoss(const CrossEntropyOptions& options = {});
  /// The targets are labels, i64, or the probabilities of the classes.
  Tensor forward(const Tensor& logits, const Tensor& targets) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<CrossEntropyLoss>(options_); }

  CrossEntropyOptions options_;
  Buffer weight_;
};

/// `nll_loss` as a layer. The factors of the classes are a buffer, weight, and follow the layer to another dtype.
class NLLLoss : public ModuleOf<Tensor(const Tensor&, const Array&)> {
 public:
  explicit NLLLoss(const NllLossOptions& options = {});
  Tensor forward(const Tensor& log_probabilities, const Array& labels) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<NLLLoss>(options_); }

  NllLossOptions options_;
  Buffer weight_;
};

/// `binary_cross_entropy_with_logits` as a layer. Its factors are buffers, weight and pos_weight, and follow the layer
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
class MSELoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit MSELoss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor forward(const Tensor& input, const Tensor& target) const override {
    return mse_loss(input, target, reduction_);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<MSELoss>(reduction_); }

  Reduction reduction_;
};

/// `l1_loss` as a layer.
class L1Loss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit L1Loss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor forward(const Tensor& input, const Tensor& target) const override {
    return l1_loss(input, target, reduction_);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<L1Loss>(reduction_); }

  Reduction reduction_;
};

/// `smooth_l1_loss` as a layer.
class SmoothL1Loss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit SmoothL1Loss(const SmoothL1LossOptions& options = {}) : options_(options) { options.check("SmoothL1Loss"); }
  Tensor forward(const Tensor& input, const Tensor& target) const override {
    return smooth_l1_loss(input, target, options_);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SmoothL1Loss>(options_); }

  SmoothL1LossOptions options_;
};

/// `huber_loss` as a layer.
class HuberLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit HuberLoss(const HuberLossOptions& options = {}) : options_(options) { options.check("HuberLoss"); }
  Tensor forward(const Tensor& input, const Tensor& target) const override {
    return huber_loss(input, target, options_);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<HuberLoss>(options_); }

  HuberLossOptions options_;
};

/// `dice_loss` as a layer.
class DiceLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit DiceLoss(const DiceLossOptions& options = {}) : options_(options) { options.check("DiceLoss"); }
  Tensor forward(const Tensor& probabilities, const Tensor& targets) const override {
    return dice_loss(probabilities, targets, options_);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DiceLoss>(options_); }

  DiceLossOptions options_;
};

/// `kl_div` as a layer.
class KLDivLoss : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  explicit KLDivLoss(const KlDivOptions& options = {}) : options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target) const override { return kl_div(input, target, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<KLDivLoss>(options_); }

  KlDivOptions options_;
};

}  // namespace tapestry::nn
