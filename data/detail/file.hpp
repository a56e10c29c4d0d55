// Reads entire files, with errors that name the path and the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string_view>
#include <vector>

namespace tapestry::data {

/// The bytes of a regular file. Throws an IoError that begins with `operation` when the file is missing,
/// unreadable or larger than `max_bytes`, before anything is allocated.
std::vector<std::uint8_t> read_file(std::string_view operation, const std::filesystem::path& path,
                                    std::int64_t max_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace tapestry::data
