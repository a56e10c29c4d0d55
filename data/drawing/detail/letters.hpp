// Text as the letters that the font has, with accents.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace tapestry::data {

/// A letter of the font or two, such as "ae", with up to two marks. Marks: grave ` acute ' circumflex ^ tilde ~
/// diaeresis : ring o caron v macron - breve u dot . double acute " hook ? horn + above, cedilla , and dot ! below,
/// a bar through the body / or the stem =, and * that removes the dot. A space is no mark.
struct Letter {
  std::string base;  ///< printable ASCII, or "\n"; empty: a character that the font cannot draw
  std::array<char, 2> marks = {' ', ' '};
};

/// Splits UTF-8 text. Combining accents join the letter before them; control characters and bytes that are not UTF-8
/// become '?'.
std::vector<Letter> letters_of(std::string_view text);

}  // namespace tapestry::data
