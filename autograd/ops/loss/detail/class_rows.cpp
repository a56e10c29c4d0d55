#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/loss/detail/class_rows.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

Shape rows_shape(const Shape& scores) {
  std::vector<std::int64_t> sizes(scores.begin(), scores.end());
  sizes.erase(sizes.begin() + 1);
  return Shape(sizes);
}

void check_scores(std::string_view operation, std::string_view argument, const Tensor& scores) {
  check_floating(operation, scores);
  if (scores.rank() < 2) {
    throw ShapeError(
        fmt::format("{}: expected {} (N, C) or (N, C, d₁, …), got {}", operation, argument, to_string(scores.shape())));
  }
}

std::vector<double> checked_class_weight(std::string_view operation, std::string_view argument, const Tensor& scores,
                                         const Array& weight) {
  const std::int64_t classes = scores.size(1);
  if (!weight.defined()) return std::vector<double>(static_cast<std::size_t>(classes), 1.0);
  const auto text = [&] {
    return fmt::format("{}: expected a weight {}[{}] ({} {}), got {}", operation, to_string(scores.dtype()), classes,
                       argument, to_string(scores.array()), to_string(weight));
  };
  if (weight.dtype() != scores.dtype()) throw DTypeError(text());
  if (weight.shape() != Shape{classes}) throw ShapeError(text());
  return weight.to(DType::f64).to_vector<double>();
}

ClassLabels checked_labels(std::string_view operation, std::string_view argument, const Tensor& scores,
                           const Array& labels, const NllLossOptions& options) {
  check_scores(operation, argument, scores);
  const Shape shape = rows_shape(scores.shape());
  const auto expected_labels = [&] {
    return fmt::format("{}: expected labels i64{} ({} {}), got {}", operation, to_string(shape), argument,
                       to_string(scores.shape()), to_string(labels));
  };
  if (labels.dtype() != DType::i64) throw DTypeError(expected_labels());
  if (labels.shape() != shape) throw ShapeError(expected_labels());
  ClassLabels result{.labels = labels.contiguous().clone(),
                     .weight = checked_class_weight(operation, argument, scores, options.weight),
                     .ignore_index = options.ignore_index,
                     .total_weight = 0};
  const std::int64_t classes = scores.size(1);
  std::int64_t counted = 0;
  for (std::int64_t row = 0; row < labels.numel(); ++row) {
    const std::int64_t label = result.data()[row];
    if (label == options.ignore_index) continue;
    if (label < 0 || label >= classes) {
      throw ValueError(fmt::format("{}: label {} in row {} is outside [0, {}) ({} {})", operation, label, row, classes,
                                   argument, to_string(scores.shape())));
    }
    result.total_weight += result.weight[static_cast<std::size_t>(label)];
    ++counted;
  }
  if (options.reduction != Reduction::mean) return result;
  if (counted == 0) {
    throw ValueError(fmt::format("{}: cannot take the mean of no samples ({} {}{})", operation, argument,
                                 to_string(scores.shape()),
                                 labels.numel() == 0 ? "" : fmt::format(", every label is {}", options.ignore_index)));
  }
  if (result.total_weight == 0) {
    throw ValueError(fmt::format("{}: cannot take the mean over a total weight of 0 ({} {})", operation, argument,
                                 to_string(scores.shape())));
  }
  return result;
}

}  // namespace tapestry::detail
