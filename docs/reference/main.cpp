// Generates docs/operators and a test of every example from the operator headers, and checks that each operator is
// documented and has an entry in the suite.
//
//   operator_reference markdown AUTOGRAD_OPS FOLDER     writes an index and a page per family to a folder
//   operator_reference examples AUTOGRAD_OPS            writes a Catch2 test of every example to standard output
//   operator_reference check AUTOGRAD_OPS TESTS         fails and lists the operators that lack a tag or an entry
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "reference/declarations.hpp"
#include "reference/faults.hpp"

namespace fs = std::filesystem;
using reference::Header;
using reference::Operator;
using reference::Type;

namespace {

/// The headers in the subfolders of a folder that declare operators, sorted by path.
std::vector<Header> read_headers(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".hpp") files.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  std::ranges::sort(files);
  std::vector<Header> headers;
  for (const std::string& file : files) {
    Header header = reference::read_header(folder + "/" + file, "tapestry/autograd/ops/" + file);
    if (!header.operators.empty()) headers.push_back(std::move(header));
  }
  return headers;
}

/// Escapes text for a table cell.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

void write_options(std::ostream& page, const Operator& op, const Header& header) {
  for (const auto& [name, type] : header.types) {
    const bool is_taken = std::ranges::any_of(op.signatures, [&, wanted = "const " + name + "&"](const auto& text) {
      return text.find(wanted) != text.npos;
    });
    if (!is_taken || type.fields.empty()) continue;
    fmt::print(page, "| `{}` | type | default | |\n|---|---|---|---|\n", name);
    for (const auto& field : type.fields) {
      fmt::print(page, "| `{}` | `{}` | {} | {} |\n", field.name, cell(field.type),
                 field.initial.empty() ? "" : "`" + cell(field.initial) + "`", cell(field.comment));
    }
    fmt::print(page, "\n");
  }
}

/// The structs and enumerations in signatures or options, except the options themselves.
void write_types(std::ostream& page, const Header& header) {
  for (const auto& [name, type] : header.types) {
    if (name.ends_with("Options")) continue;
    fmt::print(page, "```cpp\n{}```\n\n", type.text);
  }
}

/// The file name of a family's page: activation.md for tapestry/autograd/ops/activation/activation.hpp.
std::string page_name(const Header& header) {
  return fs::path(header.path).stem().string() + ".md";
}

/// The notes of a header without the title.
std::string_view notes_below_title(const Header& header) {
  std::string_view notes = header.notes;
  if (!notes.substr(header.title.size()).starts_with('.')) return notes;
  notes.remove_prefix(header.title.size() + 1);
  return notes.starts_with(' ') ? notes.substr(1) : notes;
}

void write_page(std::ostream& page, const Header& header) {
  fmt::print(page, "# {}\n\n`#include <{}>`\n\n", header.title, header.path);
  if (const auto notes = notes_below_title(header); !notes.empty()) fmt::print(page, "{}\n\n", notes);
  write_types(page, header);
  for (const Operator& op : header.operators) {
    fmt::print(page, "## {}\n\n```cpp\n", op.name);
    for (const std::string& signature : op.signatures) fmt::print(page, "{}\n", signature);
    fmt::print(page, "```\n\n");
    for (const std::string& paragraph : op.paragraphs) fmt::print(page, "{}\n\n", paragraph);
    write_options(page, op, header);
    for (const std::string& tag : reference::tags) {
      const std::string& text = op.tagged.at(tag);
      const std::string_view quote = tag == "Example" ? "`" : "";
      fmt::print(page, "- **{}:** {}{}{}\n", tag, quote, text, quote);
    }
    if (&op != &header.operators.back()) fmt::print(page, "\n");
  }
}

/// The first sentence of an operator's description.
std::string summary(const Operator& op) {
  const std::string& text = op.paragraphs.front();
  std::string sentence = text.substr(0, text.find(". "));
  if (sentence.ends_with(".")) sentence.pop_back();
  return sentence;
}

void write_index(std::ostream& page, const std::vector<Header>& headers) {
  fmt::print(
      page,
      "# Operators\n\n"
      "Generated from the headers by `cmake --build build/release --target operator_docs`: edit the headers, not "
      "these\npages. The tests assert every example. Everything is in namespace `tapestry`; a parameter of type "
      "`Tensor`\naccepts an `Array` as well, as a constant. Denormal numbers (below 1.2e-38 in f32 and 2.3e-308 in "
      "f64) count as zero;\nconversions, copies and files keep them.\n");
  for (const Header& header : headers) {
    fmt::print(page, "\n## [{}]({})\n\n| operator | |\n|---|---|\n", header.title, page_name(header));
    std::map<std::string, int> seen;
    for (const Operator& op : header.operators) {
      const int times = seen[op.name]++;
      // GitHub numbers the anchors of equal headings.
      const std::string anchor = times == 0 ? op.name : fmt::format("{}-{}", op.name, times);
      fmt::print(page, "| [`{}`]({}#{}) | {} |\n", op.name, page_name(header), anchor, cell(summary(op)));
    }
  }
}

std::ofstream open_for_writing(const fs::path& path) {
  std::ofstream file(path);
  if (!file) throw std::runtime_error("cannot write " + path.string());
  return file;
}

void finish(std::ofstream& file) {
  file.close();
  if (!file) throw std::runtime_error("cannot write a page");
}

/// Writes the index and a page per family to a folder.
void write_markdown(const std::vector<Header>& headers, const fs::path& folder) {
  fs::create_directories(folder);
  auto index = open_for_writing(folder / "README.md");
  write_index(index, headers);
  finish(index);
  for (const Header& header : headers) {
    auto page = open_for_writing(folder / page_name(header));
    write_page(page, header);
    finish(page);
  }
}

void write_examples(const std::vector<Header>& headers) {
  fmt::print("// The examples of the operators' documentation.\n#include <tapestry/core/random.hpp>\n");
  for (const Header& header : headers) fmt::print("#include <{}>\n", header.path);
  fmt::print("\n#include \"catch.hpp\"\n\nusing namespace tapestry;\n");
  int number = 0;
  for (const Header& header : headers) {
    for (const Operator& op : header.operators) {
      fmt::print("\nTEST_CASE(\"example {}: {}\") {{\n  REQUIRE(({}));\n}}\n", ++number, op.name,
                 op.tagged.at("Example"));
    }
  }
}

std::string text_of_all(const std::string& folder) {
  std::ostringstream text;
  for (const auto& entry : fs::directory_iterator(folder)) text << std::ifstream(entry.path()).rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Generates and checks the operator reference");
  app.require_subcommand(1);
  std::string folder, tests, pages;
  auto* markdown = app.add_subcommand("markdown", "Write an index and a page per family to a folder");
  auto* examples = app.add_subcommand("examples", "Write a test of all examples to standard output");
  auto* check = app.add_subcommand("check", "Fail when operators lack documentation or an entry in the suite");
  for (auto* command : {markdown, examples, check}) command->add_option("headers", folder)->required();
  check->add_option("tests", tests)->required();
  markdown->add_option("pages", pages)->required();
  CLI11_PARSE(app, argc, argv);

  const auto headers = read_headers(folder);
  const auto faults = reference::find_faults(headers, tests.empty() ? std::nullopt : std::optional(text_of_all(tests)));
  for (const std::string& fault : faults) fmt::print(std::cerr, "{}\n", fault);
  if (!faults.empty()) return 1;
  if (*markdown) write_markdown(headers, pages);
  if (*examples) write_examples(headers);
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write standard output");
} catch (const std::exception& error) {
  fmt::print(std::cerr, "operator_reference: {}\n", error.what());
  return 1;
}
