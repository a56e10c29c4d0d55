// cross_entropy with class probabilities as targets.
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/detail/cross_entropy_rows.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// Cross-entropy with given targets: t = weight · ((1 − s)·target + s/C).
struct SoftCrossEntropy {
  static constexpr std::string_view name = "cross_entropy";
  std::vector<double> weight_;
  double smoothing_;
  Reduction reduction_;
  SavedTensor logits_ = {}, targets_ = {};

  Array forward(const Tensor& logits, const Tensor& targets) {
    logits_ = SavedTensor(logits);
    targets_ = SavedTensor(targets);
    const Array scores = detail::ClassRows::arranged(logits.array());
    const Array wanted = targets.array().contiguous(scores.format());
    const detail::ClassRows rows(scores);
    Array losses = Array::zeros(detail::rows_shape(logits.shape()), DType::f64);
    visit_floating(name, logits.dtype(), [&]<class T>() {
      const T* in = scores.data<T>();
      const T* target = wanted.data<T>();
      auto* out = losses.mutable_data<double>();
      rows.for_each([&](std::int64_t row) {
        const detail::Normalizer normalizer = detail::normalizer_of(in + rows.first(row), rows);
        for (std::int64_t k = 0; k < rows.classes(); ++k) {
          const std::int64_t at = rows.first(row) + k * rows.stride();
          const double share = effective(k, target[at]);
          if (share != 0) out[row] += share * normalizer.negative_log_softmax(static_cast<double>(in[at]));
        }
      });
    });
    return detail::reduced_losses(losses, reduction_, row_count(), logits.dtype());
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array scores = detail::ClassRows::arranged(logits_.array());
    const Array targets = targets_.array().contiguous(scores.format());
    const detail::ClassRows rows(scores);
    Array dlogits, dtargets;
    if (wanted[0]) dlogits = Array::empty_like(scores);
    if (wanted[1]) dtargets = Array::empty_like(scores);
    visit_floating(name, scores.dtype(), [&]<class T>() {
      const detail::RowFactors<T> factors{gradient.contiguous(), reduction_, row_count()};
      const T* in = scores.data<T>();
      const T* target = targets.data<T>();
      T* dx = wanted[0] ? dlogits.mutable_data<T>() : nullptr;
      T* dt = wanted[1] ? dtargets.mutable_data<T>() : nullptr;
      rows.for_each([&](std::int64_t row) {
        const std::int64_t first = rows.first(row);
        if (dx != nullptr) {
          const auto share = [&](std::int64_t k) { return effective(k, target[first + k * rows.stride()]); };
          double sum = 0;
          for (std::int64_t k = 0; k < rows.classes(); ++k) sum += share(k);
          detail::write_gradient(in + first, rows, factors(row), sum, share, dx + first);
        }
        if (dt != nullptr) {
          const detail::Normalizer normalizer = detail::normalizer_of(in + first, rows);
          for (std::int64_t k = 0; k < rows.classes(); ++k) {
            const std::int64_t at = first + k * rows.stride();
            const double loss = normalizer.negative_log_softmax(static_cast<double>(in[at]));
            dt[at] = static_cast<T>(factors(row) * (1 - smoothing_) * weight(k) * loss);
          }
        }
      });
    });
    return {dlogits, dtargets};
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor logits = logits_.tensor();
    std::vector<std::int64_t> per_class(static_cast<std::size_t>(logits.rank()), 1);
    per_class[1] = logits.size(1);
    const Tensor weight = Array::from(Shape(per_class), weight_).to(logits.dtype());
    const Tensor factors = detail::row_factors(gradient, reduction_, row_count(), logits.shape());
    Tensor dlogits, dtargets;
    if (wanted[0]) {
      const double spread = smoothing_ / static_cast<double>(logits.size(1));
      const Tensor t = (targets_.tensor() * (1 - smoothing_) + spread) * weight;
      dlogits = (softmax(logits, 1) * sum(t, {1}, true) - t) * factors;
    }
    if (wanted[1]) dtargets = log_softmax(logits, 1) * (weight * (smoothing_ - 1)) * factors;
    return {dlogits, dtargets};
  }

 private:
  double weight(std::int64_t k) const { return weight_[static_cast<std::size_t>(k)]; }
  template <class T>
  double effective(std::int64_t k, T target) const {
    return weight(k) *
           ((1 - smoothing_) * static_cast<double>(target) + smoothing_ / static_cast<double>(weight_.size()));
  }
  double row_count() const { return static_cast<double>(detail::ClassRows(logits_.array()).count()); }
};

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options) {
  options.check(SoftCrossEntropy::name);
  detail::check_scores(SoftCrossEntropy::name, "logits", logits);
  const auto text = [&] {
    return fmt::format("{}: expected targets {}, as the logits, got {}", SoftCrossEntropy::name,
                       to_string(logits.array()), to_string(targets.array()));
  };
  if (targets.dtype() != logits.dtype()) throw DTypeError(text());
  if (targets.shape() != logits.shape()) throw ShapeError(text());
  const auto weight = detail::checked_class_weight(SoftCrossEntropy::name, "logits", logits, options.weight);
  if (options.reduction == Reduction::mean && detail::ClassRows(logits.array()).count() == 0) {
    throw ValueError(fmt::format("{}: cannot take the mean of no samples (logits {})", SoftCrossEntropy::name,
                                 to_string(logits.shape())));
  }
  return record(
      SoftCrossEntropy{.weight_ = weight, .smoothing_ = options.label_smoothing, .reduction_ = options.reduction},
      logits, targets);
}

}  // namespace tapestry
