// Parsing of snippets, and their conversion to functions.
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "docs/printed.hpp"
#include "tutorial_code/page.hpp"

namespace test_tutorial_page {

using namespace tutorial;
using Catch::Matchers::Message;

namespace {

const std::string page =
    "# Title\n"
    "\n"
    "## One\n"
    "```cpp declarations\n"
    "int twice(int x) { return 2 * x; }\n"
    "```\n"
    "Prose, and a command:\n"
    "```sh\n"
    "make\n"
    "```\n"
    "```cpp 20000=25 big=small\n"
    "int big = twice(20000) + 20000;\n"
    "```\n"
    "```text\n"
    "60000\n"
    "```\n"
    "## Only prose\n"
    "## Two\n"
    "```cpp\n"
    "run();\n"
    "```\n"
    "```text measured\n"
    "1.5 s\n"
    "```\n"
    "```cpp\n"
    "quiet();\n"
    "```\n";

}  // namespace

TEST_CASE("a page is parsed into chapters of snippets with their output") {
  const auto chapters = read_page(page);
  REQUIRE(chapters.size() == 2);
  REQUIRE(chapters[0].title == "One");
  REQUIRE(chapters[0].snippets.size() == 2);
  const Snippet& declaration = chapters[0].snippets[0];
  CHECK(declaration.is_declaration);
  CHECK(declaration.line == 5);
  CHECK(declaration.code == "int twice(int x) { return 2 * x; }\n");
  const Snippet& snippet = chapters[0].snippets[1];
  CHECK(!snippet.is_declaration);
  CHECK(snippet.line == 12);
  CHECK(snippet.printed == "60000\n");
  CHECK(!snippet.is_measured);
  REQUIRE(chapters[1].title == "Two");
  REQUIRE(chapters[1].snippets.size() == 2);
  CHECK(chapters[1].snippets[0].is_measured);
  CHECK(chapters[1].snippets[1].printed.empty());
}

TEST_CASE("chapters become functions preceded by declarations") {
  CHECK(functions_of(read_page(page), "a.md", false) ==
        "#line 5 \"a.md\"\n"
        "int twice(int x) { return 2 * x; }\n"
        "void chapter_1() {\n"
        "#line 12 \"a.md\"\n"
        "int big = twice(20000) + 20000;\n"
        "}\n"
        "void chapter_2() {\n"
        "#line 20 \"a.md\"\n"
        "run();\n"
        "#line 26 \"a.md\"\n"
        "quiet();\n"
        "}\n");
}

TEST_CASE("the quick form makes replacements and checks the output") {
  CHECK(functions_of(read_page(page), "a.md", true) ==
        "#line 5 \"a.md\"\n"
        "int twice(int x) { return 2 * x; }\n"
        "void chapter_1(Printed& printed) {\n"
        "#line 12 \"a.md\"\n"
        "int small = twice(25) + 25;\n"
        "#line 12 \"a.md\"\n"
        "CHECK(printed.take() == R\"page(60000\n"
        ")page\");\n"
        "}\n"
        "void chapter_2(Printed& printed) {\n"
        "#line 20 \"a.md\"\n"
        "run();\n"
        "#line 20 \"a.md\"\n"
        "CHECK(!printed.take().empty());\n"
        "#line 26 \"a.md\"\n"
        "quiet();\n"
        "#line 26 \"a.md\"\n"
        "CHECK(printed.take() == R\"page()page\");\n"
        "}\n");
}

TEST_CASE("mistakes in a page are reported with line numbers") {
  const auto refuses = [](const std::string& text, const std::string& message) {
    CHECK_THROWS_MATCHES(read_page(text), std::runtime_error, Message(message));
  };
  refuses("## A\n\n```cpp\nrun();\n", "line 3: unterminated fence");
  refuses("```cpp\nrun();\n```\n", "line 1: snippet before the first chapter");
  refuses("## A\n```cpp quick\nrun();\n```\n", "line 2: unknown word \"quick\" after cpp");
  refuses("## A\n```cpp 3=4\nrun();\n```\n", "line 2: \"3\" not found in the snippet");
  refuses("## A\n```text\nx\n```\n", "line 2: output without a snippet");
  refuses("## A\n```cpp declarations\nint x;\n```\n```text\nx\n```\n", "line 5: output without a snippet");
  refuses("## A\n```cpp\nx;\n```\n```text\nx\n```\n```text\nx\n```\n", "line 8: output without a snippet");
  refuses("## A\n```cpp\nx;\n```\n```text about\nx\n```\n", "line 5: unknown word \"about\" after text");
}

TEST_CASE("output is captured and files go to a temporary folder") {
  const auto folder = std::filesystem::current_path();
  std::filesystem::path inside;
  {
    Printed printed;
    inside = std::filesystem::current_path();
    CHECK(inside != folder);
    std::cout << "one";
    CHECK(printed.take() == "one");
    CHECK(printed.take().empty());
  }
  CHECK(std::filesystem::current_path() == folder);
  CHECK(!std::filesystem::exists(inside));
}

}  // namespace test_tutorial_page
