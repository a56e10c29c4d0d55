// The threads that help with parallel loops.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// Threads of one OpenMP region that lasts as long as the pool. Between jobs they spin briefly and then sleep, whatever
/// OMP_WAIT_POLICY says: OpenMP's own waiting stalls a machine that has other work.
class ThreadPool {
 public:
  /// The pool of this process; after fork() the child gets a new one.
  static ThreadPool& instance();

  /// Runs `job(0)` on the calling thread and offers job(1), …, job(threads − 1) to a helper each. Every job must be
  /// able to finish the work alone: it is not waited for a helper that has not started, and there may be fewer helpers,
  /// or none because another thread uses them.
  void run(int threads, FunctionRef<void(int)> job) noexcept;

 private:
  /// `idle`: nothing to do, or done. `offered`: a job, by the caller. `running`: the helper has taken it.
  enum class State : int { idle, offered, running, stopped };
  struct alignas(64) Helper {
    std::atomic<State> state = State::idle;
  };

  void grow(int helpers);
  void stop();
  void help(int thread);

  std::mutex mutex_;  ///< held by the thread whose job it is
  std::deque<Helper> helpers_;
  std::thread
      region_;  ///< thread 0 of the OpenMP region, which only waits: OMP_PROC_BIND binds it to the main thread's core
  std::atomic<bool> is_stopping_ = false;
  const FunctionRef<void(int)>* job_ = nullptr;
};

}  // namespace tapestry::kernels
