// The C++ in a page of documentation, read from its text.
//
// A snippet is what a fence ```cpp holds. Words behind `cpp` say how it is used: `declarations` puts it at namespace
// scope instead of into the function of its chapter, and `20000=256` has the tests put the second text in place of the
// first. A fence ```text after a snippet holds what that snippet prints; `measured` behind `text` says that the numbers
// are those of one run. Other fences mean nothing here.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tutorial {

struct Snippet {
  int line = 0;  ///< of the page, where its code begins
  std::string code;
  std::vector<std::pair<std::string, std::string>> replacements;  ///< what the tests put in place of what
  bool is_declaration = false;
  std::string printed;       ///< what the page shows that it prints
  bool is_measured = false;  ///< another run prints other numbers
};

/// What stands under one heading of the second level.
struct Chapter {
  std::string title;
  std::vector<Snippet> snippets;
};

/// The chapters of a page that hold snippets. Throws a std::runtime_error that names the line of a fence without an
/// end, of words behind one that mean nothing, of text that no snippet can have printed and of a replacement for what
/// is not there.
std::vector<Chapter> read_page(const std::string& text);

/// The chapters as a function each. With `quick` the replacements are made.
std::string functions_of(const std::vector<Chapter>& chapters, const std::string& page, bool quick);

}  // namespace tutorial
