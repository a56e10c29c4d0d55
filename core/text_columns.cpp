#include <algorithm>
#include <cwchar>
#include <limits>
#include <utility>

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

/// The bytes and columns of the first characters of a text, as many as fit into `limit` columns.
std::pair<std::size_t, int> measure(std::string_view text, int limit) {
  const Utf8Scope scope;
  std::mbstate_t state{};
  std::size_t bytes = 0;
  int columns = 0;
  while (bytes < text.size()) {
    wchar_t character = 0;
    std::size_t length = std::mbrtowc(&character, text.data() + bytes, text.size() - bytes, &state);
    int width = 1;
    if (length == 0 || length > text.size() - bytes) {
      length = 1;
      state = {};
    } else {
      width = std::max(wcwidth(character), 0);
    }
    if (columns + width > limit) break;
    columns += width;
    bytes += length;
  }
  return {bytes, columns};
}

}  // namespace

int text_columns(std::string_view text) {
  return measure(text, std::numeric_limits<int>::max() - 2).second;
}

std::string first_columns(std::string_view text, int columns) {
  return std::string(text.substr(0, measure(text, columns).first));
}

}  // namespace tapestry::detail
