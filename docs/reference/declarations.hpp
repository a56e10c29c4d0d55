// Parses the declarations and comments in operator headers.
//
// A documented operator is a function at namespace scope after `///` lines: paragraphs, then one of each tag.
//
//   /// max(x, 0), elementwise.
//   ///
//   /// Shapes: x of any shape → the same.
//   /// Throws: DTypeError unless x is floating.
//   /// Source: …
//   /// Example: relu(Array::zeros({2})).shape() == Shape{2}
//   Tensor relu(const Tensor& x);
//
// Functions named check_…, functions that return neither tensors nor arrays, and functions in a namespace `detail` are
// not operators.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace reference {

/// The tags that every operator must have, in display order.
inline const std::vector<std::string> tags = {"Shapes", "Throws", "Source", "Example"};

/// A field of an options struct.
struct Field {
  std::string type;
  std::string name;
  std::string initial;  ///< its default; empty for none
  std::string comment;
};

/// A struct or enumeration used in signatures.
struct Type {
  std::string text;           ///< as declared
  std::vector<Field> fields;  ///< of a struct
};

struct Operator {
  std::string name;
  std::vector<std::string> signatures;  ///< one per overload
  std::vector<std::string> paragraphs;
  std::map<std::string, std::string> tagged;  ///< the text of each tag
};

struct Header {
  std::string path;   ///< as in include lines: tapestry/autograd/ops/conv/conv.hpp
  std::string title;  ///< the beginning of the first comment
  std::string notes;  ///< the whole first comment
  std::vector<Operator> operators;
  std::map<std::string, Type> types;  ///< by name
};

/// Reads a header. Throws a std::runtime_error for a file that cannot be read.
Header read_header(const std::string& file, const std::string& include_path);

}  // namespace reference
