#include <algorithm>

#include <tapestry/core/text_columns.hpp>
#include <tapestry/core/text_table.hpp>

namespace tapestry::detail {

std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
  std::vector<int> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text_columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string filler(static_cast<std::size_t>(widths[i] - text_columns(row[i])), ' ');
      if (i > 0) line += "  ";
      line += i < left_columns ? row[i] + filler : filler + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace tapestry::detail
