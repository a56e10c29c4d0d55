#include <algorithm>
#include <cwchar>

#include <locale.h>

#include <tapestry/core/text_columns.hpp>

namespace tapestry::detail {
namespace {

/// While it exists, the calling thread's C functions take text for UTF-8, whatever the program's locale is.
class Utf8Scope {
 public:
  Utf8Scope() {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = uselocale(utf8);
  }
  ~Utf8Scope() {
    if (before_ != nullptr) uselocale(before_);
  }
  Utf8Scope(const Utf8Scope&) = delete;
  Utf8Scope& operator=(const Utf8Scope&) = delete;

 private:
  locale_t before_ = nullptr;
};

}  // namespace

std::vector<Character> characters_of(std::string_view text) {
  const Utf8Scope scope;
  std::vector<Character> characters;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t code = 0;
    std::size_t length = std::mbrtowc(&code, text.data(), text.size(), &state);
    Character character{.code = U'\uFFFD'};
    if (length == 0 || length > text.size()) {
      length = 1;
      state = {};
    } else {
      character = {.code = static_cast<char32_t>(code), .columns = std::max(wcwidth(code), 0)};
    }
    character.bytes = text.substr(0, length);
    characters.push_back(character);
    text.remove_prefix(length);
  }
  return characters;
}

int text_columns(std::string_view text) {
  int columns = 0;
  for (const Character& character : characters_of(text)) columns += character.columns;
  return columns;
}

std::string first_columns(std::string_view text, int columns) {
  std::string beginning;
  for (const Character& character : characters_of(text)) {
    if ((columns -= character.columns) < 0) break;
    beginning += character.bytes;
  }
  return beginning;
}

}  // namespace tapestry::detail
