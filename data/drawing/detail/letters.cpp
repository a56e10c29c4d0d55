#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <tapestry/core/text_columns.hpp>
#include <tapestry/data/drawing/detail/letters.hpp>

namespace tapestry::data {
namespace {

/// Letters from a code on: three characters each, the letter and its marks. Spaces: there is no such letter.
struct Table {
  char32_t first;
  std::string_view letters;
};

// clang-format off
constexpr std::array<Table, 2> tables = {{
  {0xC0,
    "A` A' A^ A~ A: Ao    C, E` E' E^ E: I` I' I^ I: D= N~ O` O' O^ O~ O:    O/ U` U' U^ U: Y'       "
    "a` a' a^ a~ a: ao    c, e` e' e^ e: i` i' i^ i: d= n~ o` o' o^ o~ o:    o/ u` u' u^ u: y'    y: "
    "A- a- Au au A, a, C' c' C^ c^ C. c. Cv cv Dv dv D= d= E- e- Eu eu E. e. E, e, Ev ev G^ g^ Gu gu "
    "G. g. G, g, H^ h^ H= h= I~ i~ I- i- Iu iu I, i, I. i*       J^ j^ K, k,    L' l' L, l, Lv lv    "
    "   L/ l/ N' n' N, n, Nv nv          O- o- Ou ou O\" o\"       R' r' R, r, Rv rv S' s' S^ s^ S, s, "
    "Sv sv T, t, Tv tv T/ t/ U~ u~ U- u- Uu uu Uo uo U\" u\" U, u, W^ w^ Y^ y^ Y: Z' z' Z. z. Zv zv    "
    "b=                                                                                              "
    "O+ o+                                        U+ u+                                              "
    "                                       Av av Iv iv Ov ov Uv uv U:-u:-U:'u:'U:vu:vU:`u:`   A:-a:-"
    "A.-a.-            Gv gv Kv kv O, o, O,-o,-      jv          G' g'       N` n` Ao'ao'            "
    "A\" a\" Au au E\" e\" Eu eu I\" i\" Iu iu O\" o\" Ou ou R\" r\" Ru ru U\" u\" Uu uu S, s, T, t,       Hv hv "
    "                  A. a. E, e, O:-o:-O~-o~-O. o. O.-o.-Y- y-          j*                         "
    "                                                "},
  {0x1E00,
    "A! a! B. b. B! b! B! b! C,'c,'D. d. D! d! D! d! D, d, D! d! E-`e-`E-'e-'E! e! E! e! E,ue,uF. f. "
    "G- g- H. h. H! h! H: h: H, h, H! h! I! i! I:'i:'K' k' K! k! K! k! L! l! L!-l!-L! l! L! l! M' m' "
    "M. m. M! m! N. n. N! n! N! n! N! n! O~'o~'O~:o~:O-`o-`O-'o-'P' p' P. p. R. r. R! r! R!-r!-R! r! "
    "S. s. S! s! S'.s'.Sv.sv.S!.s!.T. t. T! t! T! t! T! t! U! u! U! u! U! u! U~'u~'U-:u-:V~ v~ V! v! "
    "W` w` W' w' W: w: W. w. W! w! X. x. X: x: Y. y. Z^ z^ Z! z! Z! z! h! t: wo yo                   "
    "A! a! A? a? A^'a^'A^`a^`A^?a^?A^~a^~A!^a!^Au'au'Au`au`Au?au?Au~au~A!ua!uE! e! E? e? E~ e~ E^'e^'"
    "E^`e^`E^?e^?E^~e^~E!^e!^I? i? I! i! O! o! O? o? O^'o^'O^`o^`O^?o^?O^~o^~O!^o!^O+'o+'O+`o+`O+?o+?"
    "O+~o+~O+!o+!U! u! U? u? U+'u+'U+`u+`U+?u+?U+~u+~U+!u+!Y` y` Y! y! Y? y? Y~ y~                   "},
}};
// clang-format on

std::optional<Letter> accented(char32_t code) {
  for (const auto& [first, letters] : tables) {
    if (code < first || code - first >= letters.size() / 3) continue;
    const std::string_view letter = letters.substr(3 * (code - first), 3);
    if (letter[0] != ' ') return Letter{.base = {letter[0]}, .marks = {letter[1], letter[2]}};
  }
  return std::nullopt;
}

std::optional<Letter> pair(char32_t code) {
  switch (code) {
    case U'\u00C6':
      return Letter{.base = "AE"};
    case U'\u00DF':
      return Letter{.base = "ss"};
    case U'\u00E6':
      return Letter{.base = "ae"};
    case U'\u0152':
      return Letter{.base = "OE"};
    case U'\u0153':
      return Letter{.base = "oe"};
    default:
      return std::nullopt;
  }
}

/// The mark of a combining character; a space for others.
char combining_mark(char32_t code) {
  constexpr std::array<std::pair<char32_t, char>, 17> marks = {{{0x300, '`'},
                                                                {0x301, '\''},
                                                                {0x302, '^'},
                                                                {0x303, '~'},
                                                                {0x304, '-'},
                                                                {0x306, 'u'},
                                                                {0x307, '.'},
                                                                {0x308, ':'},
                                                                {0x309, '?'},
                                                                {0x30A, 'o'},
                                                                {0x30B, '"'},
                                                                {0x30C, 'v'},
                                                                {0x31B, '+'},
                                                                {0x323, '!'},
                                                                {0x326, ','},
                                                                {0x327, ','},
                                                                {0x328, ','}}};
  const auto* found = std::ranges::find(marks, code, [](const auto& entry) { return entry.first; });
  return found == marks.end() ? ' ' : found->second;
}

Letter letter_of(char32_t code) {
  if (code == U'\uFFFD' || (code < U' ' && code != U'\n') || (code >= 0x7F && code < 0xA0)) return {.base = "?"};
  if (code < 0x7F) return {.base = {static_cast<char>(code)}};
  if (const auto letter = accented(code)) return *letter;
  return pair(code).value_or(Letter{});
}

}  // namespace

std::vector<Letter> letters_of(std::string_view text) {
  std::vector<Letter> letters;
  for (const detail::Character& character : detail::characters_of(text)) {
    const bool is_combining = character.columns == 0 && character.code > 0xA0;
    if (!is_combining) {
      letters.push_back(letter_of(character.code));
    } else if (!letters.empty()) {
      auto& marks = letters.back().marks;
      const auto free = std::ranges::find(marks, ' ');
      if (free != marks.end()) *free = combining_mark(character.code);
    }
  }
  return letters;
}

}  // namespace tapestry::data
