// Parsing of operator headers, and detection of missing documentation.
#include <fstream>
#include <string>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "reference/declarations.hpp"
#include "reference/faults.hpp"

namespace test_reference {

using namespace reference;

namespace {

/// Parses a header with a title and `body`.
Header read(const std::string& body) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "some.hpp").string();
  std::ofstream(file) << "// Some operators. They take\n// numbers.\n#pragma once\n\nnamespace tapestry {\n\n"
                      << body << "\n}  // namespace tapestry\n";
  return read_header(file, "tapestry/some.hpp");
}

const std::string documented =
    "/// Twice x,\n"
    "/// exactly.\n"
    "///\n"
    "/// And more.\n"
    "///\n"
    "/// Shapes: x of any\n"
    "/// shape.\n"
    "/// Throws: nothing.\n"
    "/// Source: arithmetic.\n"
    "/// Example: twice(1) == 2\n"
    "Tensor twice(const Tensor& x,\n"
    "             const TwiceOptions& options = {});\n"
    "Tensor twice(double x);\n";

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("operators are parsed with overloads and paragraphs and tags") {
  const Header header = read(documented);
  REQUIRE(header.title == "Some operators");
  REQUIRE(header.notes == "Some operators. They take numbers.");
  REQUIRE(header.operators.size() == 1);
  const Operator& op = header.operators[0];
  REQUIRE(op.name == "twice");
  REQUIRE(op.signatures ==
          Lines{"Tensor twice(const Tensor& x, const TwiceOptions& options = {});", "Tensor twice(double x);"});
  REQUIRE(op.paragraphs == Lines{"Twice x, exactly.", "And more."});
  REQUIRE(op.tagged.at("Shapes") == "x of any shape.");
  REQUIRE(op.tagged.at("Example") == "twice(1) == 2");
  REQUIRE(find_faults({header}, ".name = \"twice\"").empty());
}

TEST_CASE("options are parsed with types and defaults and comments") {
  const Header header = read(
      "struct TwiceOptions {\n"
      "  Required<Pair> size;                   ///< how large\n"
      "  std::optional<int> sum = std::nullopt;  ///< one\n"
      "                                          ///< or none\n"
      "  /// Before the field.\n"
      "  bool half = false;\n"
      "};\n");
  const auto& fields = header.types.at("TwiceOptions").fields;
  REQUIRE(fields.size() == 3);
  REQUIRE(fields[0].type == "Required<Pair>");
  REQUIRE(fields[0].name == "size");
  REQUIRE(fields[0].initial.empty());
  REQUIRE(fields[1].initial == "std::nullopt");
  REQUIRE(fields[1].comment == "one or none");
  REQUIRE(fields[2].comment == "Before the field.");
}

TEST_CASE("functions that return a struct of tensors are operators and those that return other types are not") {
  const Header header = read(
      "struct Pairs {\n"
      "  Tensor values;\n"
      "  Array indices;\n"
      "};\n"
      "\n"
      "Pairs pairs_of(const Tensor& x);\n"
      "\n"
      "std::string name_of(const Tensor& x);\n");
  REQUIRE(header.operators.size() == 1);
  REQUIRE(header.operators[0].name == "pairs_of");
}

TEST_CASE("checks and helpers and C++ operators are not operators") {
  const Header header = read(
      "/// Throws.\n"
      "void check(int x);\n"
      "Tensor check_this(int x);\n"
      "inline Tensor operator+(const Tensor& a, const Tensor& b) {\n"
      "  return add(a, b);\n"
      "}\n"
      "namespace detail {\n"
      "Tensor hidden();\n"
      "}  // namespace detail\n");
  REQUIRE(header.operators.empty());
}

TEST_CASE("operators without an entry or documentation are reported") {
  REQUIRE(find_faults({read(documented)}, ".name = \"thrice\"") ==
          Lines{"tapestry/some.hpp: twice has no entry in the suite of operators"});
  REQUIRE(find_faults({read("Tensor bare(int x);\n")}, std::nullopt) ==
          Lines{"tapestry/some.hpp: bare is not described", "tapestry/some.hpp: bare has no \"Shapes:\"",
                "tapestry/some.hpp: bare has no \"Throws:\"", "tapestry/some.hpp: bare has no \"Source:\"",
                "tapestry/some.hpp: bare has no \"Example:\""});
  REQUIRE(find_faults({read("struct BareOptions {\n  int x = 0;\n};\n")}, std::nullopt) ==
          Lines{"tapestry/some.hpp: BareOptions::x has no comment"});
}

}  // namespace test_reference
