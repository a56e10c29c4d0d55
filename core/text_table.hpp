// Tables in plain text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tapestry::detail {

/// Lines of cells, as wide as the widest of their column and two spaces apart: the first `left_columns` flush left, the
/// others flush right. All rows have as many cells as the first.
std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns = 1);

}  // namespace tapestry::detail
