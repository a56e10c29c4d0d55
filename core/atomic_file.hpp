// Files that are replaced as a whole: a reader finds the old contents or the new ones, never a half.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tapestry {

/// Makes the file `path` hold `pieces`, one after the other. They are written to a temporary file beside it,
/// brought to the disk (fsync) and renamed over it. Follows symbolic links. Throws an IoError that names the
/// path and the reason when any step fails; the old file is then as it was and no temporary is left.
void replace_file(const std::string& path, const std::vector<std::span<const std::byte>>& pieces);

/// Throws the IoError that `replace_file` would throw now for a place where no file can be made: to be asked
/// before hours of work whose result goes there. Leaves nothing behind.
void require_replaceable(const std::string& path);

}  // namespace tapestry
