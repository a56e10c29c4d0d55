// Class scores and labels of samples. For the .cpp files of losses.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::detail {

/// An array (N, C) or (N, C, d₁, …) seen as rows of C scores, in the order of (N, d₁, …).
class ClassRows {
 public:
  explicit ClassRows(const Array& scores)
      : classes_(scores.size(1)), stride_(scores.strides()[1]), count_(row_count(scores.shape())) {}

  /// The array in a supported format: either one for rank 4, row-major otherwise.
  static Array arranged(const Array& scores) { return scores.rank() == 4 ? scores : scores.contiguous(); }

  std::int64_t count() const { return count_; }
  std::int64_t classes() const { return classes_; }
  /// The stride between the scores of a row.
  std::int64_t stride() const { return stride_; }
  /// The offset of a row's first score.
  std::int64_t first(std::int64_t row) const { return row / stride_ * stride_ * classes_ + row % stride_; }

  /// Calls body(row) for every row, in parallel.
  template <class Body>
  void for_each(const Body& body) const {
    if (classes_ == 0) return;
    const std::int64_t rows_per_piece = 1 + (std::int64_t{1} << 12) / classes_;
    kernels::parallel_ranges(count_, rows_per_piece, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) body(row);
    });
  }

 private:
  static std::int64_t row_count(const Shape& shape) {
    std::int64_t count = shape[0];
    for (int axis = 2; axis < shape.rank(); ++axis) count *= shape[axis];
    return count;
  }

  std::int64_t classes_;
  std::int64_t stride_;
  std::int64_t count_;
};

/// (N, d₁, …) of scores (N, C, d₁, …).
Shape rows_shape(const Shape& scores);
/// Checked labels and class weights.
struct ClassLabels {
  Array labels;                ///< i64 (N, d₁, …), row-major
  std::vector<double> weight;  ///< a factor per class
  std::int64_t ignore_index;
  double total_weight;  ///< Σ weight[label] over labels that are not ignored

  const std::int64_t* data() const { return labels.data<std::int64_t>(); }
};

/// Throws a DTypeError or ShapeError naming `operation` and `argument` unless `scores` is floating and (N, C, …).
void check_scores(std::string_view operation, std::string_view argument, const Tensor& scores);

/// The class weights, ones for an undefined array. Throws a DTypeError or ShapeError when it does not match.
std::vector<double> checked_class_weight(std::string_view operation, std::string_view argument, const Tensor& scores,
                                         const Array& weight);

/// Copies labels and class weights. Throws a ValueError for a label out of range or a mean of no samples; a DTypeError
/// or ShapeError when they do not match the scores.
ClassLabels checked_labels(std::string_view operation, std::string_view argument, const Tensor& scores,
                           const Array& labels, const NllLossOptions& options);

}  // namespace tapestry::detail
