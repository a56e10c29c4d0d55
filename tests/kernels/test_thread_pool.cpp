// Parallel loops beside other threads, in child processes and with OpenMP settings.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/runtime/available_cores.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "kernels/execution.hpp"

namespace test_thread_pool {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::int64_t pieces = 1000;

/// True if a loop calls its body exactly once per piece.
bool loop_is_complete() {
  std::vector<std::atomic<int>> calls(pieces);
  kernels::parallel_for(pieces, [&](std::int64_t piece, int) { ++calls[static_cast<std::size_t>(piece)]; });
  for (const auto& count : calls) {
    if (count != 1) return false;
  }
  return true;
}

/// True if a product that needs several calls of OpenBLAS is correct.
bool product_is_right() {
  constexpr std::int64_t size = 300;
  const std::vector<float> ones(size * size, 1);
  std::vector<float> product(size * size);
  kernels::gemm(false, false, size, size, size, ones.data(), ones.data(), product.data());
  for (const float element : product) {
    if (element != size) return false;
  }
  return true;
}

/// Runs a hidden test in a separate process with the given environment; true if it passes in time.
bool passes_with(const std::string& environment, const std::string& test) {
  std::array<char, 4096> path{};
  REQUIRE(readlink("/proc/self/exe", path.data(), path.size() - 1) > 0);
  const std::string command = "env " + environment + " timeout 100 '" + path.data() + "' '" + test + "' >/dev/null";
  return std::system(command.c_str()) == 0;
}

}  // namespace

TEST_CASE("several threads can run loops concurrently") {
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&failures, i] {
      kernels::set_num_threads(1 + i);
      for (int loop = 0; loop < 200; ++loop) failures += loop_is_complete() ? 0 : 1;
      failures += product_is_right() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(failures == 0);
}

TEST_CASE("the number of threads belongs to the calling thread") {
  const ThreadCount guard(3);
  int of_other = 0;
  std::thread([&] {
    kernels::set_num_threads(2);
    of_other = kernels::num_threads();
  }).join();
  REQUIRE(of_other == 2);
  REQUIRE(kernels::num_threads() == 3);
}

TEST_CASE("nested loops use one thread") {
  const ThreadCount guard(2);
  std::atomic<int> most = 0;
  kernels::parallel_for(8, [&](std::int64_t, int) {
    if (kernels::num_threads() > 1) ++most;
  });
  REQUIRE(most == 0);
  REQUIRE(kernels::num_threads() == 2);
}

TEST_CASE("the number of threads grows and shrinks between loops") {
  for (const int threads : {2, 7, 3, 12, 1, 5}) {
    const ThreadCount guard(threads);
    REQUIRE(loop_is_complete());
  }
}

TEST_CASE("sleeping helpers wake up for the next loop") {
  const ThreadCount guard(3);
  for (int loop = 0; loop < 20; ++loop) {
    REQUIRE(loop_is_complete());
    usleep(2000);
  }
}

TEST_CASE("a forked child runs loops and products with its own threads") {
  const ThreadCount guard(2);
  REQUIRE(loop_is_complete());
  REQUIRE(product_is_right());
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(loop_is_complete() && product_is_right() ? 0 : 1);
  }
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  REQUIRE(loop_is_complete());
}

TEST_CASE("child: loops and products are complete", "[.]") {
  REQUIRE(loop_is_complete());
  REQUIRE(product_is_right());
}

TEST_CASE("child: the default number of threads is the expected one", "[.]") {
  const char* const expected = std::getenv("EXPECTED_THREADS");
  REQUIRE(expected != nullptr);
  REQUIRE(kernels::num_threads() == std::stoi(expected));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("child: a product fails at once without memory for the buffer of OpenBLAS", "[.]") {
  // After other tests, OpenBLAS has its buffers.
  if (std::getenv("LIMITED_MEMORY") == nullptr) return;
  constexpr std::int64_t size = 300;
  const std::vector<float> ones(size * size, 1);
  std::vector<float> product(size * size);
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit = {};
  REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
  const rlimit before = limit;
  limit.rlim_cur = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE)) + (rlim_t{80} << 20);
  REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  REQUIRE_THROWS_AS(kernels::gemm(false, false, size, size, size, ones.data(), ones.data(), product.data()),
                    std::bad_alloc);
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  REQUIRE(product_is_right());
}

TEST_CASE("a product without memory for the buffer of OpenBLAS is an error") {
  CHECK(passes_with("LIMITED_MEMORY=1", "child: a product fails at once without memory for the buffer of OpenBLAS"));
}
#endif

TEST_CASE("OpenMP settings do not stall loops and products") {
  for (const char* environment :
       {"OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0", "OMP_NUM_THREADS=5000",
        "OMP_NUM_THREADS=1", "OMP_WAIT_POLICY=active", "OMP_PROC_BIND=true", "OMP_THREAD_LIMIT=1 OMP_NUM_THREADS=4"}) {
    INFO(environment);
    CHECK(passes_with(environment, "child: loops and products are complete"));
  }
}

TEST_CASE("OMP_NUM_THREADS is the default number of threads up to 64") {
  const std::string test = "child: the default number of threads is the expected one";
  CHECK(passes_with("OMP_NUM_THREADS=5000 EXPECTED_THREADS=64", test));
  CHECK(passes_with("OMP_NUM_THREADS=3,2 EXPECTED_THREADS=3", test));
  CHECK(passes_with("OMP_PROC_BIND=true EXPECTED_THREADS=" + std::to_string(std::min(kernels::available_cores(), 64)),
                    test));
  CHECK_FALSE(passes_with("OMP_NUM_THREADS=3 EXPECTED_THREADS=4", test));
}

}  // namespace test_thread_pool
