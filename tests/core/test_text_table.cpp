#include <tapestry/core/text_table.hpp>

#include "catch.hpp"

namespace test_text_table {

using tapestry::detail::text_table;

TEST_CASE("a text table separates columns by two spaces and has no trailing spaces") {
  const std::vector<std::vector<std::string>> rows = {{"name", "kind", "n"}, {"a", "longer", "10"}, {"b", "", ""}};
  CHECK(text_table(rows) ==
        "name    kind   n\n"
        "a     longer  10\n"
        "b\n");
  CHECK(text_table(rows, 2) ==
        "name  kind     n\n"
        "a     longer  10\n"
        "b\n");
}

TEST_CASE("the columns of a text table are as wide as their texts appear") {
  const std::vector<std::vector<std::string>> rows = {
      {"name", "n"}, {"\u00e9t\u00e9", "1"}, {"e\u0301te\u0301", "2"}, {"\u8bad\u7ec3", "3"}, {"\xff", "4"}};
  CHECK(text_table(rows) ==
        "name  n\n"
        "\u00e9t\u00e9   1\n"
        "e\u0301te\u0301   2\n"
        "\u8bad\u7ec3  3\n"
        "\xff     4\n");
}

}  // namespace test_text_table
