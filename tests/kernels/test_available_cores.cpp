#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include <sched.h>
#include <unistd.h>

#include <tapestry/kernels/runtime/available_cores.hpp>

#include "catch.hpp"

namespace test_available_cores {

using namespace tapestry;

namespace {

/// A temporary folder that replaces /sys/fs/cgroup and /proc/self/cgroup.
class Cgroups {
 public:
  Cgroups() : root_(std::filesystem::temp_directory_path() / ("cgroups" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(root_);
  }
  ~Cgroups() { std::filesystem::remove_all(root_); }
  Cgroups(const Cgroups&) = delete;
  Cgroups& operator=(const Cgroups&) = delete;

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  double quota(const std::string& groups) const {
    write("groups", groups);
    return kernels::cpu_quota(root_ / "groups", root_);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace

TEST_CASE("without a cgroup quota there is no limit") {
  const Cgroups cgroups;
  REQUIRE(cgroups.quota("") == INFINITY);
  REQUIRE(cgroups.quota("0::/job\n") == INFINITY);
  cgroups.write("job/cpu.max", "max 100000\n");
  REQUIRE(cgroups.quota("0::/job\n") == INFINITY);
  cgroups.write("cpu/old/cpu.cfs_quota_us", "-1\n");
  cgroups.write("cpu/old/cpu.cfs_period_us", "100000\n");
  REQUIRE(cgroups.quota("4:cpu,cpuacct:/old\n") == INFINITY);
  REQUIRE(cgroups.quota("no line of this kind\n") == INFINITY);
}

TEST_CASE("the smallest quota of a cgroup and its ancestors applies") {
  const Cgroups cgroups;
  cgroups.write("outer/inner/cpu.max", "350000 100000\n");
  REQUIRE(cgroups.quota("0::/outer/inner\n") == 3.5);
  cgroups.write("outer/cpu.max", "150000 100000\n");
  REQUIRE(cgroups.quota("0::/outer/inner\n") == 1.5);
  cgroups.write("cpu.max", "50000 100000\n");
  REQUIRE(cgroups.quota("0::/outer/inner\n") == 0.5);
}

TEST_CASE("quotas of cgroups version 1 apply") {
  const Cgroups cgroups;
  cgroups.write("cpu/job/cpu.cfs_quota_us", "250000\n");
  cgroups.write("cpu/job/cpu.cfs_period_us", "100000\n");
  REQUIRE(cgroups.quota("12:memory:/\n4:cpu,cpuacct:/job\n") == 2.5);
  REQUIRE(cgroups.quota("12:memory:/job\n4:cpu,cpuacct:/\n") == INFINITY);
  REQUIRE(cgroups.quota("5:cpuset:/job\n4:cpu,cpuacct:/\n") == INFINITY);
}

TEST_CASE("a process uses no more cores than its affinity mask has") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
  const int cores = kernels::available_cores();
  REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
  REQUIRE(cores == 1);
}

}  // namespace test_available_cores
