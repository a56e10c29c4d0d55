// The number of cores that this process may use.
#pragma once

#include <filesystem>

namespace tapestry::kernels {

/// The smallest CPU quota, in cores, of the cgroups in `groups_file` (the format of /proc/self/cgroup) and of their
/// ancestors, read from folders below `root` (/sys/fs/cgroup). Infinity if there is none.
double cpu_quota(const std::filesystem::path& groups_file, const std::filesystem::path& root);

/// The number of cores that the affinity mask of this process and the CPU quota of its cgroups, rounded up, allow. At
/// least 1.
int available_cores();

}  // namespace tapestry::kernels
