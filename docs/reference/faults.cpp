#include "reference/faults.hpp"

#include <fmt/format.h>

namespace reference {

std::vector<std::string> find_faults(const std::vector<Header>& headers, const std::optional<std::string>& entries) {
  std::vector<std::string> faults;
  for (const Header& header : headers) {
    for (const Operator& op : header.operators) {
      const auto fault = [&](const std::string& what) {
        faults.push_back(fmt::format("{}: {} {}", header.path, op.name, what));
      };
      if (op.paragraphs.empty()) fault("is not described");
      for (const std::string& tag : tags) {
        if (!op.tagged.contains(tag)) fault(fmt::format("has no \"{}:\"", tag));
      }
      if (entries && entries->find(fmt::format(".name = \"{}\"", op.name)) == std::string::npos) {
        fault("has no entry in the suite of operators");
      }
    }
    for (const auto& [name, type] : header.types) {
      for (const Field& field : type.fields) {
        if (!name.ends_with("Options") || !field.comment.empty()) continue;
        faults.push_back(fmt::format("{}: {}::{} has no comment", header.path, name, field.name));
      }
    }
  }
  return faults;
}

}  // namespace reference
