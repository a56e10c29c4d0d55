// What the operators' headers declare and say, read from their text.
//
// A documented operator is a function at namespace level under `///` lines: paragraphs, then one of each tag.
//
//   /// max(x, 0), elementwise.
//   ///
//   /// Shapes: x of any shape → the same.
//   /// Throws: DTypeError unless x is floating.
//   /// Source: …
//   /// Example: relu(Array::zeros({2})).shape() == Shape{2}
//   Tensor relu(const Tensor& x);
//
// Functions named check_…, those that give neither tensors nor arrays and those in a namespace `detail` are none.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace reference {

/// The tags that every operator has, in the order in which they are shown.
inline const std::vector<std::string> tags = {"Shapes", "Throws", "Source", "Example"};

/// A field of an options struct.
struct Field {
  std::string type;
  std::string name;
  std::string initial;  ///< its default; empty for none
  std::string comment;
};

/// A struct or enumeration that functions take or give.
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
  std::string path;   ///< as included: tapestry/autograd/ops/conv/conv.hpp
  std::string title;  ///< the beginning of its first comment
  std::string notes;  ///< all of it
  std::vector<Operator> operators;
  std::map<std::string, Type> types;  ///< by name
};

/// Reads a header. Throws a std::runtime_error for a file that cannot be read.
Header read_header(const std::string& file, const std::string& include_path);

}  // namespace reference
