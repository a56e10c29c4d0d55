// Parses the C++ snippets of a documentation page.
//
// A snippet is the content of a ```cpp fence. Words after `cpp` control its use: `declarations` places it at namespace
// scope instead of in the function of its chapter; `20000=256` makes the tests replace the first text with the second.
// A
// ```text fence after a snippet contains its output; `measured` after `text` means that the numbers vary between runs.
// Other fences are ignored.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tutorial {

struct Snippet {
  int line = 0;  ///< the line of the page on which the code begins
  std::string code;
  std::vector<std::pair<std::string, std::string>> replacements;  ///< (old, new), made by the tests
  bool is_declaration = false;
  std::string printed;       ///< the expected output
  bool is_measured = false;  ///< the output varies between runs
};

/// The snippets under a level-2 heading.
struct Chapter {
  std::string title;
  std::vector<Snippet> snippets;
};

/// The chapters of a page that contain snippets. Throws a std::runtime_error with the line number for an unterminated
/// fence, an unknown word after it, output without a snippet, and a replacement whose text does not occur.
std::vector<Chapter> read_page(const std::string& text);

/// The chapters as one function each. With `quick` the replacements are made.
std::string functions_of(const std::vector<Chapter>& chapters, const std::string& page, bool quick);

}  // namespace tutorial
