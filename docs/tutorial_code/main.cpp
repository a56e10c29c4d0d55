// Turns the snippets of a documentation page into C++ on standard output.
//
//   tutorial_code program PAGE                    a program that runs all snippets
//   tutorial_code program PAGE --chapter TITLE    the same, but it runs only one chapter
//   tutorial_code test PAGE                       a Catch2 test, with reduced sizes, that compares output with the page
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "tutorial_code/page.hpp"

namespace {

/// Writes a program that runs the chapters whose title contains `title`.
void write_program(const std::vector<tutorial::Chapter>& chapters, const std::string& page, const std::string& title) {
  const auto is_wanted = [&](const tutorial::Chapter& chapter) { return chapter.title.find(title) != title.npos; };
  if (std::ranges::none_of(chapters, is_wanted)) {
    throw std::runtime_error(fmt::format("no chapter \"{}\"", title));
  }
  fmt::print("{}\nint main() {{\n", tutorial::functions_of(chapters, page, false));
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    if (!is_wanted(chapters[i])) continue;
    fmt::print("  std::cout << R\"page(\n{}\n\n)page\";\n  chapter_{}();\n", chapters[i].title, i + 1);
  }
  fmt::print("}}\n");
}

void write_test(const std::vector<tutorial::Chapter>& chapters, const std::string& page) {
  fmt::print("#include \"catch.hpp\"\n#include \"docs/printed.hpp\"\n\n{}\n",
             tutorial::functions_of(chapters, page, true));
  fmt::print(
      "TEST_CASE(\"every snippet of the tutorial runs and prints the output on the page\") {{\n"
      "  Printed printed;\n");
  for (std::size_t i = 0; i < chapters.size(); ++i) fmt::print("  chapter_{}(printed);\n", i + 1);
  fmt::print("}}\n");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Turns the snippets of a documentation page into C++");
  app.require_subcommand(1);
  std::string page, title;
  auto* program = app.add_subcommand("program", "Write a program to standard output");
  auto* test = app.add_subcommand("test", "Write a test to standard output");
  for (auto* command : {program, test}) command->add_option("page", page)->required()->check(CLI::ExistingFile);
  program->add_option("--chapter", title, "Run only the chapters whose title contains this");
  CLI11_PARSE(app, argc, argv);
  try {
    std::ostringstream text;
    text << std::ifstream(page).rdbuf();
    const auto chapters = tutorial::read_page(text.str());
    if (*program) write_program(chapters, page, title);
    if (*test) write_test(chapters, page);
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write standard output");
  } catch (const std::exception& error) {
    fmt::print(std::cerr, "{}: {}\n", page, error.what());
    return 1;
  }
}
