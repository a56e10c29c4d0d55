// A page to read about a run: what was set, what came of it, and the pictures.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tapestry::viz {

/// A page of HTML in one file that needs no other: the pictures are in it, and no scripts. It is light or dark as the
/// reader's browser is. Its parts stand in the order in which they are added. All texts are UTF-8 and are shown as
/// they are; control characters but tabs and line ends become spaces. A part that is an error leaves the page as it
/// was.
class ReportPage {
 public:
  /// The title stands above the page and in the browser's tab.
  explicit ReportPage(std::string_view title);

  void heading(std::string_view text);
  void paragraph(std::string_view text);
  /// Text with its line ends and spaces, in letters of one width.
  void preformatted(std::string_view text);
  /// The first row is the head. The first `left_columns` are flush left, the others, for numbers, flush right. Throws a
  /// ValueError when there is no row or one has another number of cells than the head.
  void table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns = 1);
  /// A PNG file, which is read here, with a text below it. Throws an IoError with the path and the reason when the file
  /// is missing, unreadable, damaged or of another kind.
  void picture(const std::string& path, std::string_view caption);

  /// Writes the page to a file, which is replaced only when all of it has been written. Throws an IoError with the path
  /// and the reason.
  void write(const std::string& path) const;

 private:
  std::string title_;  ///< as HTML, as the body is
  std::string body_;
};

}  // namespace tapestry::viz
