#include <tapestry/nn/layers/loss.hpp>

namespace tapestry::nn {

CrossEntropyLoss::CrossEntropyLoss(const CrossEntropyOptions& options) : options_(options) {
  options.check("CrossEntropyLoss");
  if (options.weight.defined()) weight_ = add_buffer("weight", options.weight.clone());
}

Tensor CrossEntropyLoss::forward(const Tensor& logits, const Tensor& targets) const {
  CrossEntropyOptions options = options_;
  options.weight = weight_.array_if_defined();
  if (targets.dtype() == DType::i64) return cross_entropy(logits, targets.array(), options);
  return cross_entropy(logits, targets, options);
}

NLLLoss::NLLLoss(const NllLossOptions& options) : options_(options) {
  if (options.weight.defined()) weight_ = add_buffer("weight", options.weight.clone());
}

Tensor NLLLoss::forward(const Tensor& log_probabilities, const Array& labels) const {
  NllLossOptions options = options_;
  options.weight = weight_.array_if_defined();
  return nll_loss(log_probabilities, labels, options);
}

BCEWithLogitsLoss::BCEWithLogitsLoss(const BinaryCrossEntropyOptions& options) : options_(options) {
  if (options.weight.defined()) weight_ = add_buffer("weight", options.weight.clone());
  if (options.pos_weight.defined()) pos_weight_ = add_buffer("pos_weight", options.pos_weight.clone());
}

Tensor BCEWithLogitsLoss::forward(const Tensor& logits, const Tensor& targets) const {
  BinaryCrossEntropyOptions options = options_;
  options.weight = weight_.array_if_defined();
  options.pos_weight = pos_weight_.array_if_defined();
  return binary_cross_entropy_with_logits(logits, targets, options);
}

}  // namespace tapestry::nn
