// Report pages of training runs: settings, results and pictures.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tapestry::viz {

/// A self-contained HTML page with embedded pictures and without scripts. It follows the browser's light or dark mode.
/// Parts appear in the order in which they are added. All texts are UTF-8 and shown literally; control characters other
/// than tabs and newlines become spaces. Adding a part that throws leaves the page unchanged.
class ReportPage {
 public:
  /// The title appears on the page and in the browser's tab.
  explicit ReportPage(std::string_view title);

  void heading(std::string_view text);
  void paragraph(std::string_view text);
  /// Preformatted text in a monospaced font.
  void preformatted(std::string_view text);
  /// A table whose first row is the header. The first `left_columns` are left-aligned, the others, for numbers,
  /// right-aligned. Throws a ValueError when there is no row or a row does not have as many cells as the header.
  void table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns = 1);
  /// A PNG file, which is read immediately, with a caption. Throws an IoError with the path and the reason when the
  /// file is missing, unreadable, damaged or not a PNG file.
  void picture(const std::string& path, std::string_view caption);

  /// Writes the page to a file, which is replaced atomically. Throws an IoError with the path and the reason.
  void write(const std::string& path) const;

 private:
  std::string title_;  ///< as HTML, as the body is
  std::string body_;
};

}  // namespace tapestry::viz
