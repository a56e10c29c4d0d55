// Finds operators without documentation or without an entry in the suite.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/declarations.hpp"

namespace reference {

/// The faults of the documentation and, if the text of the suite's entries is given, missing entries; one line each.
std::vector<std::string> find_faults(const std::vector<Header>& headers, const std::optional<std::string>& entries);

}  // namespace reference
