#include <memory>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/loss/detail/class_rows.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

namespace tapestry {
namespace {

using Classes = std::shared_ptr<const detail::ClassLabels>;

/// Calls body(row, offset of the label's score, −weight[label]) for every row that is not ignored.
template <class Body>
void for_each_label(const detail::ClassLabels& classes, const detail::ClassRows& rows, const Body& body) {
  rows.for_each([&](std::int64_t row) {
    const std::int64_t label = classes.data()[row];
    if (label == classes.ignore_index) return;
    body(row, rows.first(row) + label * rows.stride(), -classes.weight[static_cast<std::size_t>(label)]);
  });
}

/// The loss of every sample. The adjoint writes −weight · gradient at the labels and zeros elsewhere.
struct NllLoss {
  static constexpr std::string_view name = "nll_loss";
  static constexpr std::string_view adjoint_name = "nll_loss_gradient";
  Classes classes_;
  Shape shape_;

  Array forward(const Tensor& scores) const {
    const Array arranged = detail::ClassRows::arranged(scores.array());
    Array losses = Array::zeros(classes_->labels.shape(), scores.dtype());
    visit_floating(name, scores.dtype(), [&]<class T>() {
      const T* in = arranged.data<T>();
      T* out = losses.mutable_data<T>();
      for_each_label(*classes_, detail::ClassRows(arranged), [&](std::int64_t row, std::int64_t place, double factor) {
        // A weight of 0 contributes nothing even where the logarithm is −∞.
        out[row] = factor == 0 ? T{0} : static_cast<T>(factor) * in[place];
      });
    });
    return losses;
  }

  Array adjoint(const Tensor& gradient) const {
    Array result = Array::zeros(shape_, gradient.dtype());
    visit_floating(adjoint_name, gradient.dtype(), [&]<class T>() {
      const Array g = gradient.array().contiguous();
      const T* in = g.data<T>();
      T* out = result.mutable_data<T>();
      for_each_label(*classes_, detail::ClassRows(result), [&](std::int64_t row, std::int64_t place, double factor) {
        out[place] = factor == 0 ? T{0} : static_cast<T>(factor) * in[row];
      });
    });
    return result;
  }
};

}  // namespace

Tensor nll_loss(const Tensor& log_probabilities, const Array& labels, const NllLossOptions& options) {
  const auto classes = std::make_shared<const detail::ClassLabels>(
      detail::checked_labels(NllLoss::name, "log_probabilities", log_probabilities, labels, options));
  const Tensor losses = detail::record_linear(NllLoss{classes, log_probabilities.shape()}, log_probabilities);
  if (options.reduction == Reduction::none) return losses;
  return options.reduction == Reduction::mean ? sum(losses) / classes->total_weight : sum(losses);
}

}  // namespace tapestry
