#include <memory>
#include <numeric>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/loss/detail/cross_entropy_rows.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// With the target t = weight · ((1 − s)·onehot + s/C) the gradient of a row's loss is Σt · softmax(logits) − t.
struct CrossEntropy {
  static constexpr std::string_view name = "cross_entropy";
  std::shared_ptr<const detail::ClassLabels> classes_;
  double smoothing_;
  Reduction reduction_;
  SavedTensor logits_ = {};

  Array forward(const Tensor& logits) {
    logits_ = SavedTensor(logits);
    const Array scores = detail::ClassRows::arranged(logits.array());
    const detail::ClassRows rows(scores);
    const double spread = smoothing_ / static_cast<double>(rows.classes());
    Array losses = Array::zeros(classes_->labels.shape(), DType::f64);
    visit_floating(name, logits.dtype(), [&]<class T>() {
      const T* in = scores.data<T>();
      auto* out = losses.mutable_data<double>();
      rows.for_each([&](std::int64_t row) {
        const std::int64_t label = classes_->data()[row];
        if (label == classes_->ignore_index) return;
        const T* x = in + rows.first(row);
        const detail::Normalizer normalizer = detail::normalizer_of(x, rows);
        const auto add = [&](std::int64_t k, double share) {
          // A term of weight 0 must not contribute even where the logit is −∞.
          if (share == 0) return;
          out[row] += share * normalizer.negative_log_softmax(static_cast<double>(x[k * rows.stride()]));
        };
        add(label, (1 - smoothing_) * weight(label));
        if (spread == 0) return;
        for (std::int64_t k = 0; k < rows.classes(); ++k) add(k, spread * weight(k));
      });
    });
    return detail::reduced_losses(losses, reduction_, classes_->total_weight, logits.dtype());
  }

  Array backward(const Array& gradient) const {
    const Array scores = detail::ClassRows::arranged(logits_.array());
    const detail::ClassRows rows(scores);
    const double spread = smoothing_ / static_cast<double>(rows.classes());
    const double spread_sum = spread * std::accumulate(classes_->weight.begin(), classes_->weight.end(), 0.0);
    Array result = Array::empty_like(scores);
    visit_floating(name, scores.dtype(), [&]<class T>() {
      const detail::RowFactors<T> factors{gradient.contiguous(), reduction_, classes_->total_weight};
      const T* in = scores.data<T>();
      T* out = result.mutable_data<T>();
      rows.for_each([&](std::int64_t row) {
        const std::int64_t label = classes_->data()[row];
        T* dx = out + rows.first(row);
        if (label == classes_->ignore_index) {
          for (std::int64_t k = 0; k < rows.classes(); ++k) dx[k * rows.stride()] = 0;
          return;
        }
        const double at_label = (1 - smoothing_) * weight(label);
        const auto target = [&](std::int64_t k) { return spread * weight(k) + (k == label ? at_label : 0); };
        detail::write_gradient(in + rows.first(row), rows, factors(row), at_label + spread_sum, target, dx);
      });
    });
    return result;
  }

  Tensor backward(const Tensor& gradient) const {
    // Without the rows that are ignored: they contribute nothing even if they are not finite.
    const Tensor all = logits_.tensor();
    const Array is_ignored = eq(classes_->labels, static_cast<double>(classes_->ignore_index));
    const Array mask = is_ignored.reshape(all.shape().with(1, 1));
    const Tensor logits = where(mask, 0, all);
    const Tensor t = Tensor(targets(logits.shape()).to(logits.dtype()));
    const Tensor factors = detail::row_factors(gradient, reduction_, classes_->total_weight, logits.shape());
    return where(mask, 0, (softmax(logits, 1) * sum(t, {1}, true) - t) * factors);
  }

 private:
  double weight(std::int64_t k) const { return classes_->weight[static_cast<std::size_t>(k)]; }

  Array targets(const Shape& shape) const {
    Array result = Array::zeros(shape, DType::f64);
    const detail::ClassRows rows(result);
    auto* out = result.mutable_data<double>();
    for (std::int64_t row = 0; row < rows.count(); ++row) {
      const std::int64_t label = classes_->data()[row];
      if (label == classes_->ignore_index) continue;
      double* t = out + rows.first(row);
      for (std::int64_t k = 0; k < rows.classes(); ++k)
        t[k * rows.stride()] = smoothing_ / static_cast<double>(rows.classes()) * weight(k);
      t[label * rows.stride()] += (1 - smoothing_) * weight(label);
    }
    return result;
  }
};

}  // namespace

void CrossEntropyOptions::check(std::string_view operation) const {
  if (label_smoothing >= 0 && label_smoothing <= 1) return;
  throw ValueError(fmt::format("{}: label_smoothing must be in [0, 1], got {}", operation, label_smoothing));
}

Tensor cross_entropy(const Tensor& logits, const Array& labels, const CrossEntropyOptions& options) {
  if (is_floating(labels.dtype()) && labels.shape() == logits.shape()) {
    return cross_entropy(logits, Tensor(labels), options);
  }
  options.check(CrossEntropy::name);
  auto checked = detail::checked_labels(
      CrossEntropy::name, "logits", logits, labels,
      {.weight = options.weight, .ignore_index = options.ignore_index, .reduction = options.reduction});
  return record(CrossEntropy{.classes_ = std::make_shared<const detail::ClassLabels>(std::move(checked)),
                             .smoothing_ = options.label_smoothing,
                             .reduction_ = options.reduction},
                logits);
}

}  // namespace tapestry
