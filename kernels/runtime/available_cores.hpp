// How many cores this process may use.
#pragma once

#include <filesystem>

namespace tapestry::kernels {

/// The number of cores that the CPU quotas of some cgroups allow: of the cgroups that `groups_file` lists, in the
/// format of /proc/self/cgroup, and of all around them, in folders below `root` (/sys/fs/cgroup). Infinity without a
/// quota.
double cpu_quota(const std::filesystem::path& groups_file, const std::filesystem::path& root);

/// The cores in the affinity mask of the calling thread, or as many as the CPU quotas of the cgroups of this process
/// are worth, rounded up, if that is less. At least 1.
int available_cores();

}  // namespace tapestry::kernels
