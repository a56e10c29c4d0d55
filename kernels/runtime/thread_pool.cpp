#include <algorithm>
#include <chrono>
#include <exception>

#include <omp.h>
#include <pthread.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <tapestry/kernels/runtime/thread_pool.hpp>

namespace tapestry::kernels {
namespace {

void relax() {
#if defined(__SSE2__)
  _mm_pause();
#endif
}

/// Waits until `value` is not `old`: spins for a while that bridges the gaps between the loops of a training step, then
/// sleeps.
template <class T>
void wait_while(const std::atomic<T>& value, T old) {
  constexpr auto longest_spin = std::chrono::microseconds(50);
  constexpr int looks_between_times = 32;
  const auto began = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < looks_between_times; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() - began < longest_spin);
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

ThreadPool*& current() {
  static ThreadPool* pool = new ThreadPool;
  return pool;
}

}  // namespace

ThreadPool& ThreadPool::instance() {
  // Never destroyed: helpers may wait until the process ends, and a child of fork() has none of them.
  static const bool is_registered = [] {
    current();
    pthread_atfork(nullptr, nullptr, [] { current() = new ThreadPool; });
    return true;
  }();
  static_cast<void>(is_registered);
  return *current();
}

void ThreadPool::run(int threads, FunctionRef<void(int)> job) noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return job(0);
  grow(threads - 1);
  job_ = &job;
  const std::size_t helpers = std::min(helpers_.size(), static_cast<std::size_t>(threads - 1));
  for (std::size_t i = 0; i < helpers; ++i) {
    std::atomic<State>& state = helpers_[i].state;
    state.store(State::offered, std::memory_order_release);
    state.notify_one();
  }
  job(0);
  for (std::size_t i = 0; i < helpers; ++i) {
    std::atomic<State>& state = helpers_[i].state;
    State expected = State::offered;
    if (!state.compare_exchange_strong(expected, State::idle)) wait_while(state, State::running);
  }
}

void ThreadPool::grow(int helpers) {
  const auto count = static_cast<std::size_t>(helpers);
  if (helpers_.size() >= count) return;
  stop();
  try {
    helpers_.resize(count);
    region_ = std::thread([this, helpers] {
      omp_set_dynamic(0);
      omp_set_max_active_levels(1);
#pragma omp parallel num_threads(helpers + 1)
      {
        if (omp_get_thread_num() > 0) {
          help(omp_get_thread_num());
        } else {
          is_stopping_.wait(false);
        }
      }
    });
  } catch (const std::exception&) {
    // The system has no memory or no thread for the region: callers finish their loops alone.
  }
}

void ThreadPool::stop() {
  for (Helper& helper : helpers_) {
    helper.state.store(State::stopped, std::memory_order_release);
    helper.state.notify_one();
  }
  is_stopping_ = true;
  is_stopping_.notify_one();
  if (region_.joinable()) region_.join();
  is_stopping_ = false;
  helpers_.clear();
}

void ThreadPool::help(int thread) {
  std::atomic<State>& state = helpers_[static_cast<std::size_t>(thread - 1)].state;
  while (true) {
    wait_while(state, State::idle);
    State expected = State::offered;
    if (state.compare_exchange_strong(expected, State::running)) {
      (*job_)(thread);
      state.store(State::idle, std::memory_order_release);
      state.notify_one();
    } else if (expected == State::stopped) {
      return;
    }
  }
}

}  // namespace tapestry::kernels
