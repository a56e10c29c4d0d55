#include <tapestry/core/text_table.hpp>

#include "catch.hpp"

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
