// Plain-text tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tapestry::detail {

/// Formats cells in columns two spaces apart: the first `left_columns` are left-aligned, the others right-aligned. All
/// rows have as many cells as the first.
std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns = 1);

}  // namespace tapestry::detail
