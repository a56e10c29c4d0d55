// The characters of UTF-8 text and their width on a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tapestry::detail {

/// A character of a text.
struct Character {
  char32_t code = 0;            ///< U+FFFD for a byte that is not UTF-8
  int columns = 1;              ///< 0 for combining characters, 2 for wide ones such as Chinese characters
  std::string_view bytes = {};  ///< its part of the text
};

/// The characters of a text.
std::vector<Character> characters_of(std::string_view text);

/// The columns that a text occupies.
int text_columns(std::string_view text);

/// The beginning of a text that occupies at most `columns` columns.
std::string first_columns(std::string_view text, int columns);

}  // namespace tapestry::detail
