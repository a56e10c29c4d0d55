// Confusion matrices.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// The number of samples of each true class (row) predicted as each class (column): i64 (classes, classes). `labels`
/// and `predicted` are i64 (N). Throws a ShapeError for other arrays and a ValueError for a class out of range.
Array confusion_counts(const Array& labels, const Array& predicted, std::int64_t classes);

/// Draws counts, i64 (K, K), with a row for each true class and a column for each predicted class, as u8 (3, height,
/// width). Correct predictions are blue and wrong ones red, with an intensity given by the square root of their
/// fraction of the row, so that rare mistakes are visible. Throws a ShapeError for other counts, a ValueError when
/// there are not K names or K is 0.
Array confusion_matrix(const Array& counts, const std::vector<std::string>& class_names);

}  // namespace tapestry::viz
