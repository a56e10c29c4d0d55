#include "reference/declarations.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace reference {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

void append_words(std::string& text, const std::string& more) {
  if (!text.empty() && !more.empty()) text += ' ';
  text += more;
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// The identifier that ends before `end`.
std::string name_before(const std::string& text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && is_name_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

/// The tag at the beginning of a line, or "".
std::string tag_of(const std::string& line) {
  for (const std::string& tag : tags) {
    if (line.starts_with(tag + ":")) return tag;
  }
  return "";
}

/// Splits the lines of a comment into paragraphs and tags.
void read_comment(const std::vector<std::string>& lines, Operator& result) {
  std::string* open = nullptr;
  for (const std::string& line : lines) {
    const std::string tag = tag_of(line);
    if (line.empty()) {
      open = nullptr;
    } else if (!tag.empty()) {
      open = &result.tagged[tag];
      append_words(*open, trimmed(line.substr(tag.size() + 1)));
    } else {
      if (open == nullptr) open = &result.paragraphs.emplace_back();
      append_words(*open, line);
    }
  }
}

/// Splits "Pair padding = 0;  ///< zeros around the image" into its parts.
Field read_field(const std::string& declaration, const std::string& comment) {
  const auto equals = declaration.find(" = ");
  const std::string left = trimmed(declaration.substr(0, equals));
  Field field = {.type = {}, .name = name_before(left, left.size()), .initial = {}, .comment = comment};
  field.type = trimmed(left.substr(0, left.size() - field.name.size()));
  if (equals != std::string::npos) field.initial = trimmed(declaration.substr(equals + 3));
  return field;
}

/// Reads a header line by line.
class Reader {
 public:
  explicit Reader(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  Header read() {
    read_title();
    while (at_ < lines_.size()) read_one();
    return std::move(header_);
  }

 private:
  /// The title is the first comment up to a colon or period.
  void read_title() {
    for (; at_ < lines_.size() && lines_[at_].starts_with("//"); ++at_) {
      append_words(header_.notes, trimmed(std::string_view(lines_[at_]).substr(2)));
    }
    header_.title = header_.notes.substr(0, header_.notes.find_first_of(":."));
  }

  void read_one() {
    const std::string& line = lines_[at_];
    if (line.starts_with("///")) {
      comment_.push_back(trimmed(std::string_view(line).substr(3)));
      ++at_;
    } else if (line.starts_with("namespace") && line.find("detail") != std::string::npos) {
      skip_to("}  // namespace");
    } else if (line.starts_with("struct ") || line.starts_with("enum ") || line.starts_with("class ")) {
      read_type();
    } else if (line.empty() || line.starts_with("#") || line.starts_with("//") || line.starts_with("namespace") ||
               line.starts_with("}") || line.starts_with("using ")) {
      if (line.empty()) after_comment_ = false;
      comment_.clear();
      ++at_;
    } else {
      read_function();
    }
  }

  /// True for a function that returns tensors, arrays or a struct of them.
  bool returns_tensors(const std::string& signature) const {
    const std::string plain = signature.starts_with("inline ") ? signature.substr(7) : signature;
    const std::string result = plain.substr(0, plain.find(' '));
    const auto is_tensor = [](const std::string& type) {
      return type == "Tensor" || type == "Array" || type == "std::vector<Tensor>";
    };
    const auto type = header_.types.find(result);
    return is_tensor(result) ||
           (type != header_.types.end() && std::ranges::any_of(type->second.fields, is_tensor, &Field::type));
  }

  void skip_to(std::string_view end) {
    while (at_ < lines_.size() && !lines_[at_].starts_with(end)) ++at_;
    ++at_;
    comment_.clear();
  }

  void read_type() {
    const std::string opening = lines_[at_];
    if (opening.ends_with(";") && opening.find('{') == std::string::npos) return skip_to(opening);
    Type type;
    std::string name = opening.substr(0, opening.find_first_of("{:"));
    name = trimmed(name);
    name = name_before(name, name.size());
    std::string declaration, field_comment;
    for (;; ++at_) {
      const std::string& line = lines_.at(at_);
      type.text += line + "\n";
      const std::string inner = trimmed(line);
      if (line.starts_with("};") || (line == opening && line.ends_with("};"))) break;
      if (line == opening) continue;
      if (inner.starts_with("/// ")) {
        append_words(field_comment, inner.substr(4));
        continue;
      }
      const auto note = inner.find("///<");
      if (note != std::string::npos) append_words(field_comment, trimmed(inner.substr(note + 4)));
      append_words(declaration, trimmed(inner.substr(0, note)));
      // A trailing comment continues on the next line if that begins with one.
      const bool goes_on = at_ + 1 < lines_.size() && trimmed(lines_[at_ + 1]).starts_with("///<");
      if (!declaration.ends_with(";") || goes_on) continue;
      declaration.pop_back();
      if (declaration.find('(') == std::string::npos || declaration.find(" = ") != std::string::npos) {
        type.fields.push_back(read_field(declaration, field_comment));
      }
      declaration.clear();
      field_comment.clear();
    }
    ++at_;
    comment_.clear();
    header_.types[name] = std::move(type);
  }

  void read_function() {
    std::string signature;
    for (;; ++at_) {
      append_words(signature, trimmed(lines_.at(at_)));
      if (signature.ends_with(";")) break;
      if (signature.ends_with("{")) {
        while (lines_.at(at_) != "}") ++at_;
        signature = trimmed(signature.substr(0, signature.size() - 1)) + ";";
        break;
      }
    }
    ++at_;
    const std::string name = name_before(signature, signature.find('('));
    const bool is_operator = !name.empty() && !name.starts_with("check_") && returns_tensors(signature);
    if (is_operator) {
      const bool is_overload = comment_.empty() && after_comment_ && header_.operators.back().name == name;
      if (!is_overload) {
        header_.operators.push_back({.name = name, .signatures = {}, .paragraphs = {}, .tagged = {}});
        read_comment(comment_, header_.operators.back());
      }
      header_.operators.back().signatures.push_back(signature.starts_with("inline ") ? signature.substr(7) : signature);
    }
    after_comment_ = is_operator;
    comment_.clear();
  }

  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  std::vector<std::string> comment_;
  bool after_comment_ = false;  ///< the previous line declares an operator; this may be an overload
  Header header_;
};

}  // namespace

Header read_header(const std::string& file, const std::string& include_path) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  Header header = Reader(std::move(lines)).read();
  header.path = include_path;
  return header;
}

}  // namespace reference
