// What operators lack: documentation, or an entry in the suite.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/declarations.hpp"

namespace reference {

/// What is wrong with the documentation and, where the text of the suite's entries is given, with those; a line each.
std::vector<std::string> find_faults(const std::vector<Header>& headers, const std::optional<std::string>& entries);

}  // namespace reference
