// Loss functions. Labels are i64 Arrays; other targets are tensors, which may require gradients. The mean over no terms
// is a ValueError.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// How the losses of all samples or elements are reduced.
enum class Reduction {
  mean,  ///< their mean, a scalar
  sum,   ///< their sum, a scalar
  none,  ///< they are returned as they are
};

struct CrossEntropyOptions {
  Array weight = {};                 ///< a factor per class (classes), of the dtype of the logits; undefined for 1
  std::int64_t ignore_index = -100;  ///< samples with this label are ignored
  Reduction reduction =
      Reduction::mean;         ///< the mean is weighted: divided by Σ weight[label] over the samples not ignored
  double label_smoothing = 0;  ///< fraction of the target spread evenly over all classes, in [0, 1]

  /// Throws a ValueError naming `operation` when label_smoothing is not in [0, 1].
  void check(std::string_view operation) const;
};

/// −Σₖ weightₖ · tₖ · log_softmax(logits)ₖ for every sample, where t is 1 at the label; with label smoothing s over C
/// classes t is (1 − s) there and s/C is added everywhere. A class whose weight or target is 0 contributes nothing,
/// even where its logit is −∞. Accurate to one rounding, even for logits of ±10⁴.
///
/// Shapes: logits (N, C) or (N, C, d₁, …), labels i64 (N) or (N, d₁, …) → a scalar, or with Reduction::none as labels.
/// Throws: ValueError for a label outside [0, C) other than ignore_index (with its row), a smoothing outside [0, 1],
/// and a mean over a total weight of 0; ShapeError and DTypeError for operands that do not match.
/// Source: PyTorch's `cross_entropy`; smoothing: Szegedy et al., "Rethinking the Inception architecture", 2016, section
/// 7.
/// Example: cross_entropy(Array::zeros({2, 1}), Array::zeros({2}, DType::i64)).item() == 0
Tensor cross_entropy(const Tensor& logits, const Array& labels, const CrossEntropyOptions& options = {});

/// The cross-entropy against class probabilities t of the same shape as the logits (mixed labels, for example); an
/// Array of that shape with a floating dtype is treated the same way. The mean is over samples, regardless of weights;
/// ignore_index is not used. Targets may require gradients.
///
/// Shapes: logits and targets (N, C) or (N, C, d₁, …) → a scalar, or with Reduction::none (N) or (N, d₁, …).
/// Throws: ValueError for a smoothing outside [0, 1] and a mean of no samples; ShapeError and DTypeError for operands
/// that do not match.
/// Source: PyTorch's `cross_entropy` with class probabilities.
/// Example: cross_entropy(Tensor(Array::zeros({2, 1})), Tensor(Array::full({2, 1}, 1))).item() == 0
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options = {});

struct NllLossOptions {
  Array weight = {};                 ///< a factor per class (classes), of the dtype of the input; undefined for 1
  std::int64_t ignore_index = -100;  ///< samples with this label are ignored
  Reduction reduction =
      Reduction::mean;  ///< the mean is weighted: divided by Σ weight[label] over the samples not ignored
};

/// The negative logarithm of the likelihood, −weight[label] · log_probabilities[label] for every sample:
/// `cross_entropy` is this of `log_softmax`.
///
/// Shapes: log_probabilities (N, C) or (N, C, d₁, …), labels i64 (N) or (N, d₁, …) → a scalar, or with Reduction::none
/// as labels.
/// Throws: ValueError for a label outside [0, C) other than ignore_index (with its row), and a mean over a total weight
/// of 0; ShapeError and DTypeError for operands that do not match.
/// Source: PyTorch's `nll_loss`.
/// Example: nll_loss(Array::full({3, 2}, -4), Array::zeros({3}, DType::i64)).item() == 4
Tensor nll_loss(const Tensor& log_probabilities, const Array& labels, const NllLossOptions& options = {});

struct BinaryCrossEntropyOptions {
  Array weight = {};                      ///< a factor per element, broadcast to the logits; undefined for 1
  Reduction reduction = Reduction::mean;  ///< the mean is over all elements, regardless of weights
  Array pos_weight = {};                  ///< a factor of the term of t, broadcast to the logits; undefined for 1
};

/// −weight · (pos_weight · t · ln σ(x) + (1 − t) · ln(1 − σ(x))) elementwise, σ the sigmoid, for logits x and targets t
/// in [0, 1]. No finite logit overflows, and an infinite one gives the limit.
///
/// Shapes: logits and targets of one shape → a scalar, or with Reduction::none the same.
/// Throws: ShapeError unless the shapes are equal and those of the weights broadcast to them; ValueError for the mean
/// of no elements; DTypeError unless all are of one floating dtype.
/// Source: PyTorch's `binary_cross_entropy_with_logits`.
/// Example: binary_cross_entropy_with_logits(Array::full({2}, -1e4), Array::full({2}, 1)).item() == 1e4
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const BinaryCrossEntropyOptions& options = {});

/// (x − t)² elementwise.
///
/// Shapes: input and target of one shape → a scalar, or with Reduction::none the same.
/// Throws: ShapeError unless the shapes are equal, ValueError for the mean of no elements, DTypeError unless both are
/// of one floating dtype.
/// Source: PyTorch's `mse_loss`, which broadcasts.
/// Example: mse_loss(Array::full({4}, 3), Array::full({4}, 1)).item() == 4
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

/// |x − t| elementwise; the derivative where they are equal is 0.
///
/// Shapes: input and target of one shape → a scalar, or with Reduction::none the same.
/// Throws: ShapeError unless the shapes are equal, ValueError for the mean of no elements, DTypeError unless both are
/// of one floating dtype.
/// Source: PyTorch's `l1_loss`, which broadcasts.
/// Example: l1_loss(Array::full({4}, 1), Array::full({4}, 3)).item() == 2
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

struct SmoothL1LossOptions {
  Reduction reduction = Reduction::mean;  ///< of the losses of all elements
  double beta = 1;                        ///< the distance where the square ends and the straight line begins; ≥ 0

  /// Throws a ValueError naming `operation` when beta is negative or not finite.
  void check(std::string_view operation) const;
};

/// With d = |x − t|, d² / (2·beta) where d < beta and d − beta / 2 elsewhere: `l1_loss` with its kink rounded off, and
/// l1_loss itself for beta = 0.
///
/// Shapes: input and target of one shape → a scalar, or with Reduction::none the same.
/// Throws: ShapeError unless the shapes are equal, ValueError for a beta that is negative or not finite and for the
/// mean of no elements, DTypeError unless both are of one floating dtype.
/// Source: Girshick, "Fast R-CNN", 2015 (equation 3); PyTorch's `smooth_l1_loss`.
/// Example: smooth_l1_loss(Array::full({4}, 1), Array::full({4}, 3)).item() == 1.5
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossOptions& options = {});

struct HuberLossOptions {
  Reduction reduction = Reduction::mean;  ///< of the losses of all elements
  double delta = 1;                       ///< the distance where the square ends and the straight line begins; > 0

  /// Throws a ValueError naming `operation` when delta is not positive and finite.
  void check(std::string_view operation) const;
};

/// With d = |x − t|, d² / 2 where d < delta and delta · (d − delta / 2) elsewhere.
///
/// Shapes: input and target of one shape → a scalar, or with Reduction::none the same.
/// Throws: ShapeError unless the shapes are equal, ValueError for a delta that is not positive and finite and for the
/// mean of no elements, DTypeError unless both are of one floating dtype.
/// Source: Huber, "Robust estimation of a location parameter", 1964; PyTorch's `huber_loss`.
/// Example: huber_loss(Array::full({4}, 1), Array::full({4}, 6), {.delta = 2}).item() == 8
Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossOptions& options = {});

struct DiceLossOptions {
  Reduction reduction = Reduction::mean;  ///< of the losses of all samples and classes
  double smooth = 1;  ///< added to both sides of the quotient; > 0, so that nothing in common with nothing is 0

  /// Throws a ValueError naming `operation` when smooth is not positive and finite.
  void check(std::string_view operation) const;
};

/// 1 − (2·Σ p·t + smooth) / (Σ p + Σ t + smooth) for every class of every sample, the sums over its pixels: 0 where the
/// probabilities p (after `sigmoid` or `softmax`) are the target t of ones and zeros, near 1 where they share nothing.
///
/// Shapes: probabilities and targets (N, C, d₁, …) → a scalar, or with Reduction::none (N, C).
/// Throws: ShapeError unless the shapes are equal and of rank 3 or more, ValueError for a smooth that is not positive
/// and finite and for the mean over no class, DTypeError unless both are of one floating dtype.
/// Source: Milletari et al., "V-Net", 2016 (section 3, here with sums in place of sums of squares, as Sudre et al.,
/// "Generalized Dice overlap", 2017).
/// Example: dice_loss(Array::full({1, 2, 3}, 1), Array::full({1, 2, 3}, 1)).item() == 0
Tensor dice_loss(const Tensor& probabilities, const Tensor& targets, const DiceLossOptions& options = {});

/// How the terms of `kl_div` are reduced.
enum class KlReduction {
  mean,        ///< their mean over all elements: PyTorch's default, but not the divergence
  batch_mean,  ///< their sum divided by the size of the first axis: the mean divergence per sample
  sum,         ///< their sum
  none,        ///< they are returned as they are
};

struct KlDivOptions {
  KlReduction reduction = KlReduction::mean;  ///< of the terms of all elements
  bool log_target = false;                    ///< the target is given as logarithms as well
};

/// The terms of the Kullback-Leibler divergence, t · (ln t − x), for logarithms of probabilities x and probabilities t
/// (or their logarithms, `log_target`). A target of 0 gives 0, and −x as the derivative with respect to it is −∞.
///
/// Shapes: input and target of one shape → a scalar, or with KlReduction::none the same.
/// Throws: ShapeError unless the shapes are equal (and of rank 1 or more for batch_mean), ValueError for a mean of no
/// elements, DTypeError unless both are of one floating dtype.
/// Source: Kullback and Leibler, "On information and sufficiency", 1951; PyTorch's `kl_div`.
/// Example: kl_div(Array::zeros({2, 3}), Array::full({2, 3}, 1)).item() == 0
Tensor kl_div(const Tensor& input, const Tensor& target, const KlDivOptions& options = {});

}  // namespace tapestry
