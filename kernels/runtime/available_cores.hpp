// How many cores this process may use.
#pragma once

#include <filesystem>

namespace tapestry::kernels {

/// The number of cores that the CPU quotas of some cgroups allow: of the cgroups that `groups_file` lists, in the
/// format of /proc/self/cgroup, and of all around them, in folders below `root` (/sys/fs/cgroup). Infinity without a
/// quota.
double cpu_quota(const std::filesystem::path& groups_file, const std::filesystem::path& root);

/// The number of cores that OpenMP may use, which respects the affinity mask, or the CPU quota of the cgroups of this
/// process, rounded up, if that is lower. At least 1.
int available_cores();

}  // namespace tapestry::kernels
