// Atomic file replacement: a reader sees the old contents or the new ones, never a mixture.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tapestry {

/// Replaces the contents of the file `path` by the concatenation of `pieces`. They are written to a temporary file in
/// the same folder, flushed to disk (fsync) and renamed. Follows symbolic links, also to files that do not exist yet; a
/// file that is replaced keeps its permissions. Throws an IoError with the path and the reason when `path` is empty,
/// write-protected or not a regular file, or any step fails; the old file is then unchanged and the temporary file is
/// removed. Temporary files that a killed process left in the folder are removed as well.
void replace_file(const std::string& path, const std::vector<std::span<const std::byte>>& pieces);

/// Throws the IoError that `replace_file` would throw for a path where no file can be created; for checking before a
/// long computation. Leaves no files behind.
void require_replaceable(const std::string& path);

}  // namespace tapestry
