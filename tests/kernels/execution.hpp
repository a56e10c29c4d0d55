// Runs the same test with different numbers of threads and instruction sets.
#pragma once

#include <cstdint>

#include <hwy/targets.h>

#include <tapestry/core/threads.hpp>

#include "catch.hpp"

namespace tapestry::testing {

/// Sets the number of threads for its lifetime.
class ThreadCount {
 public:
  explicit ThreadCount(int count) : before_(num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

/// Calls `body` with 1, 2, 3 and 4 threads.
template <class Body>
void for_each_thread_count(const Body& body) {
  for (int threads = 1; threads <= 4; ++threads) {
    const ThreadCount count(threads);
    INFO(threads << " threads");
    body();
  }
}

/// Calls `body` once for every compiled instruction set that this machine supports.
template <class Body>
void for_each_target(const Body& body) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    INFO("target " << hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace tapestry::testing
