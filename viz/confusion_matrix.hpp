// Which classes a classifier takes for which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry::viz {

/// How many samples of each class were taken for each: i64 (classes, classes), the true class first. `labels` and
/// `predicted` are i64 (N). Throws a ShapeError for other arrays and a ValueError for a class out of range.
Array confusion_counts(const Array& labels, const Array& predicted, std::int64_t classes);

/// The counts, i64 (K, K), as a picture: a row for each true class and a column for each predicted one. What is right
/// is blue and what is wrong red, by the square root of its share in the row, so that rare mistakes show too: u8 (3,
/// height, width). Throws a ShapeError for other counts, a ValueError when there are not K names or K is 0.
Array confusion_matrix(const Array& counts, const std::vector<std::string>& class_names);

}  // namespace tapestry::viz
