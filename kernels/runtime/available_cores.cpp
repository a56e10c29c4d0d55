#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include <omp.h>

#include <tapestry/kernels/runtime/available_cores.hpp>

namespace tapestry::kernels {
namespace {

/// The cores that the quota of one cgroup allows, infinity without a quota. Version 2 of cgroups: "max 100000" or
/// "150000 100000".
double quota_of_version_2(const std::filesystem::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period && quota > 0 && period > 0 ? quota / period : INFINITY;
}

/// Version 1: two files; −1 means no limit.
double quota_of_version_1(const std::filesystem::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period && quota > 0 && period > 0 ? quota / period : INFINITY;
}

/// True if a list such as "cpu,cpuacct" contains the controller.
bool has_controller(const std::string& list, const std::string& controller) {
  return ("," + list + ",").find("," + controller + ",") != std::string::npos;
}

}  // namespace

double cpu_quota(const std::filesystem::path& groups_file, const std::filesystem::path& root) {
  double least = INFINITY;
  std::ifstream groups(groups_file);
  // Lines such as "0::/user.slice/job" (version 2) and "4:cpu,cpuacct:/job" (version 1).
  for (std::string line; std::getline(groups, line);) {
    const std::size_t controllers = line.find(':') + 1, path = line.find(':', controllers) + 1;
    if (controllers == 0 || path == 0) continue;
    const bool is_version_2 = path == controllers + 1;
    if (!is_version_2 && !has_controller(line.substr(controllers, path - 1 - controllers), "cpu")) continue;
    for (std::filesystem::path group = line.substr(path);; group = group.parent_path()) {
      const std::filesystem::path folder = (is_version_2 ? root : root / "cpu") / group.relative_path();
      least = std::min(least, is_version_2 ? quota_of_version_2(folder) : quota_of_version_1(folder));
      if (!group.has_relative_path()) break;
    }
  }
  return least;
}

int available_cores() {
  // Not from the affinity mask of this thread: OMP_PROC_BIND binds the main thread to a single core.
  const int cores = omp_get_num_procs();
  const double quota = std::ceil(cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
  return quota < cores ? std::max(static_cast<int>(quota), 1) : cores;
}

}  // namespace tapestry::kernels
