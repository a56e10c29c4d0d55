#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/loss.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// With s the smoothing and C the classes the target is t = (1 − s)·onehot + s/C, and the gradient of the mean loss is
/// (softmax(logits) − t) / N.
struct CrossEntropy {
  static constexpr std::string_view name = "cross_entropy";
  Array labels_;
  double smoothing_;
  SavedTensor logits_ = {};

  Array forward(const Tensor& logits) {
    logits_ = SavedTensor(logits);
    const std::int64_t rows = logits.size(0);
    const std::int64_t classes = logits.size(1);
    const auto* labels = labels_.data<std::int64_t>();
    double total = 0;
    visit_floating(name, logits.dtype(), [&]<class T>() {
      const T* in = logits.array().data<T>();
      for (std::int64_t row = 0; row < rows; ++row) {
        const T* x = in + row * classes;
        const auto largest = static_cast<double>(*std::max_element(x, x + classes));
        double powers = 0;
        double sum = 0;
        for (std::int64_t i = 0; i < classes; ++i) {
          powers += std::exp(static_cast<double>(x[i]) - largest);
          sum += static_cast<double>(x[i]) - largest;
        }
        const double at_label = static_cast<double>(x[labels[row]]) - largest;
        total += std::log(powers);
        // A share of 0 counts for nothing, even of a logit of −∞.
        if (smoothing_ < 1) total -= (1 - smoothing_) * at_label;
        if (smoothing_ > 0) total -= smoothing_ * sum / static_cast<double>(classes);
      }
    });
    return Array::scalar(total / static_cast<double>(rows), logits.dtype());
  }

  Tensor backward(const Tensor& gradient) const {
    const Tensor logits = logits_.tensor();
    return (softmax(logits, 1) - target(logits.dtype())) * (gradient / static_cast<double>(logits.size(0)));
  }

  Array target(DType dtype) const {
    const std::int64_t rows = logits_.array().size(0);
    const std::int64_t classes = logits_.array().size(1);
    Array result = Array::full({rows, classes}, smoothing_ / static_cast<double>(classes), dtype);
    visit_floating(name, dtype, [&]<class T>() {
      T* out = result.mutable_data<T>();
      for (std::int64_t row = 0; row < rows; ++row) {
        out[row * classes + labels_.data<std::int64_t>()[row]] += static_cast<T>(1 - smoothing_);
      }
    });
    return result;
  }
};

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Array& labels, const CrossEntropyOptions& options) {
  constexpr std::string_view name = CrossEntropy::name;
  detail::check_rank(name, "logits (N, classes)", logits, 2);
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw ValueError(fmt::format("{}: label_smoothing must be in [0, 1], got {}", name, smoothing));
  }
  const auto expected_labels = [&] {
    return fmt::format("{}: expected labels i64[{}] (logits {}), got {}", name, logits.size(0),
                       to_string(logits.shape()), to_string(labels));
  };
  if (labels.dtype() != DType::i64) throw DTypeError(expected_labels());
  if (labels.shape() != Shape{logits.size(0)}) throw ShapeError(expected_labels());
  if (logits.size(0) == 0)
    throw ValueError(fmt::format("{}: the mean of no samples (logits {})", name, to_string(logits.shape())));
  const auto* label = labels.data<std::int64_t>();
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    if (label[row] < 0 || label[row] >= logits.size(1)) {
      throw ValueError(fmt::format("{}: label {} in row {} is outside [0, {}) (logits {})", name, label[row], row,
                                   logits.size(1), to_string(logits.shape())));
    }
  }
  return record(CrossEntropy{.labels_ = labels.clone(), .smoothing_ = smoothing}, logits);
}

}  // namespace tapestry
