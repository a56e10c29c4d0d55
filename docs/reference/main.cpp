// Makes docs/operators.md from the operators' headers, a test of the examples in them, and sees to it that each
// operator is documented and has an entry in the suite.
//
//   operator_reference markdown AUTOGRAD_OPS            the reference, to standard output
//   operator_reference examples AUTOGRAD_OPS            a Catch2 test of every example, to standard output
//   operator_reference check AUTOGRAD_OPS TESTS         fails, naming them, when operators lack a tag or an entry
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

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

/// The headers in the rooms of a folder that declare operators, by room and name.
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

/// Text for a cell of a table.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

void write_options(const Operator& op, const Header& header) {
  for (const auto& [name, type] : header.types) {
    const bool is_taken = std::ranges::any_of(op.signatures, [&, wanted = "const " + name + "&"](const auto& text) {
      return text.find(wanted) != text.npos;
    });
    if (!is_taken || type.fields.empty()) continue;
    fmt::print("| `{}` | type | default | |\n|---|---|---|---|\n", name);
    for (const auto& field : type.fields) {
      fmt::print("| `{}` | `{}` | {} | {} |\n", field.name, cell(field.type),
                 field.initial.empty() ? "" : "`" + cell(field.initial) + "`", cell(field.comment));
    }
    fmt::print("\n");
  }
}

/// The structs and enumerations that signatures or options name but that are no tables of options.
void write_types(const Header& header) {
  for (const auto& [name, type] : header.types) {
    if (name.ends_with("Options")) continue;
    fmt::print("```cpp\n{}```\n\n", type.text);
  }
}

void write_markdown(const std::vector<Header>& headers) {
  fmt::print(
      "# Operators\n\n"
      "Made from the headers by `cmake --build build/release --target operator_docs`: change those, not this page. "
      "Every\n"
      "example is a true statement that the tests assert. Everything is in namespace `tapestry`; where a parameter is "
      "a\n"
      "`Tensor`, an `Array` will do (a constant).\n\n");
  for (const Header& header : headers) {
    fmt::print("- {}:", header.title);
    for (const Operator& op : header.operators) fmt::print(" [`{}`](#{})", op.name, op.name);
    fmt::print("\n");
  }
  for (const Header& header : headers) {
    fmt::print("\n## {}\n\n`#include <{}>`\n\n{}\n\n", header.title, header.path, header.notes);
    write_types(header);
    for (const Operator& op : header.operators) {
      fmt::print("### {}\n\n```cpp\n", op.name);
      for (const std::string& signature : op.signatures) fmt::print("{}\n", signature);
      fmt::print("```\n\n");
      for (const std::string& paragraph : op.paragraphs) fmt::print("{}\n\n", paragraph);
      write_options(op, header);
      for (const std::string& tag : reference::tags) {
        const std::string& text = op.tagged.at(tag);
        const std::string_view quote = tag == "Example" ? "`" : "";
        fmt::print("- **{}:** {}{}{}\n", tag, quote, text, quote);
      }
      fmt::print("\n");
    }
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

int main(int argc, char** argv) {
  CLI::App app("The reference of operators, from their headers");
  app.require_subcommand(1);
  std::string folder, tests;
  auto* markdown = app.add_subcommand("markdown", "Write docs/operators.md to standard output");
  auto* examples = app.add_subcommand("examples", "Write a test of all examples to standard output");
  auto* check = app.add_subcommand("check", "Fail when operators lack documentation or an entry in the suite");
  for (auto* command : {markdown, examples, check}) command->add_option("headers", folder)->required();
  check->add_option("tests", tests)->required();
  CLI11_PARSE(app, argc, argv);

  const auto headers = read_headers(folder);
  const auto faults = reference::find_faults(headers, tests.empty() ? std::nullopt : std::optional(text_of_all(tests)));
  for (const std::string& fault : faults) fmt::print(std::cerr, "{}\n", fault);
  if (!faults.empty()) return 1;
  if (*markdown) write_markdown(headers);
  if (*examples) write_examples(headers);
}
