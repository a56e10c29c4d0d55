// The threads that help with parallel loops.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// The threads of one OpenMP region that lasts as long as the pool. Between jobs they spin briefly and then sleep,
/// whatever OMP_WAIT_POLICY says: OpenMP's own waiting stalls a machine that has other work.
class ThreadPool {
 public:
  /// The pool of this process; after fork() the child gets a new one.
  static ThreadPool& instance();

  /// Runs `job(0)` on the calling thread and offers each of job(1), …, job(threads − 1) to a helper. Every job must be
  /// able to finish the work alone: the call does not wait for helpers that have not started, and helpers may be
  /// missing or in use by another thread. `job` must not throw.
  void run(int threads, FunctionRef<void(int)> job) noexcept;

 private:
  /// `idle`: no job, or finished. `offered`: the caller has set a job. `running`: the helper has accepted it.
  enum class State : int { idle, offered, running, stopped };
  struct alignas(64) Helper {
    std::atomic<State> state = State::idle;
  };

  void grow(int helpers);
  void stop();
  void help(int thread);

  std::mutex mutex_;  ///< held by the thread whose job runs
  std::deque<Helper> helpers_;
  /// Thread 0 of the OpenMP region. It only waits, because OMP_PROC_BIND binds it to the core of the main thread.
  std::thread region_;
  std::atomic<bool> is_stopping_ = false;
  const FunctionRef<void(int)>* job_ = nullptr;
};

}  // namespace tapestry::kernels
