#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <vector>

#include <omp.h>

#include <tapestry/kernels/runtime/available_cores.hpp>
#include <tapestry/kernels/runtime/denormals.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/thread_pool.hpp>

namespace tapestry::kernels {
namespace {

/// The maximum default number of threads.
constexpr int max_default_threads = 64;

int default_threads() {
  static const int threads = [] {
    // A list of numbers, one for each level of nesting.
    const char* const variable = std::getenv("OMP_NUM_THREADS");
    const long wanted = variable == nullptr ? 0 : std::strtol(variable, nullptr, 10);
    return static_cast<int>(std::min<long>(wanted > 0 ? wanted : available_cores(), max_default_threads));
  }();
  return threads;
}

thread_local int chosen_threads = 0;   // 0: the default
thread_local bool is_in_loop = false;  // loops within loops use one thread

/// The state of a thread within a loop.
class LoopScope {
 public:
  LoopScope() : was_in_loop_(is_in_loop), omp_threads_(omp_get_max_threads()) {
    is_in_loop = true;
    // OpenBLAS uses one thread within a loop, so that the bits of a product do not depend on the number of threads.
    omp_set_num_threads(1);
  }
  ~LoopScope() {
    omp_set_num_threads(omp_threads_);
    is_in_loop = was_in_loop_;
  }
  LoopScope(const LoopScope&) = delete;
  LoopScope& operator=(const LoopScope&) = delete;

 private:
  bool was_in_loop_;
  int omp_threads_;
  DenormalsGuard flush_{Denormals::flush};
};

/// The pieces assigned to a thread that have not been started, on a cache line of its own.
struct alignas(64) Share {
  std::atomic<std::int64_t> next;
  std::int64_t end;
};

/// The exception of the first piece that failed.
class FirstFailure {
 public:
  /// True when `piece` comes after one that failed.
  bool precedes(std::int64_t piece) const { return piece_.load(std::memory_order_relaxed) < piece; }

  /// Keeps the current exception if no earlier piece failed.
  void keep(std::int64_t piece) {
    const std::lock_guard lock(mutex_);
    if (piece_.load(std::memory_order_relaxed) < piece) return;
    piece_.store(piece, std::memory_order_relaxed);
    exception_ = std::current_exception();
  }

  void rethrow_if_any() const {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<std::int64_t> piece_ = std::numeric_limits<std::int64_t>::max();
  std::mutex mutex_;
  std::exception_ptr exception_;
};

}  // namespace

int num_threads() {
  if (is_in_loop) return 1;
  return chosen_threads > 0 ? chosen_threads : default_threads();
}

void set_num_threads(int count) {
  chosen_threads = std::max(count, 1);
}

// Every thread starts with its own share of consecutive pieces, the same in every loop, and then helps the others: a
// loop mostly reads what the same core left in its caches in the loop before, which matters more than balance where
// cores do not share a cache.
void parallel_for(std::int64_t pieces, FunctionRef<void(std::int64_t, int)> body) {
  if (pieces <= 0) return;
  const auto threads = static_cast<int>(std::min<std::int64_t>(num_threads(), pieces));
  if (threads == 1) {
    const LoopScope scope;
    for (std::int64_t piece = 0; piece < pieces; ++piece) body(piece, 0);
    return;
  }
  std::vector<Share> shares(static_cast<std::size_t>(threads));
  for (std::int64_t i = 0; i < threads; ++i) {
    shares[static_cast<std::size_t>(i)].next = pieces * i / threads;
    shares[static_cast<std::size_t>(i)].end = pieces * (i + 1) / threads;
  }
  FirstFailure failure;
  ThreadPool::instance().run(threads, [&](int thread) {
    const LoopScope scope;
    for (int i = 0; i < threads; ++i) {
      Share& share = shares[static_cast<std::size_t>((thread + i) % threads)];
      for (std::int64_t piece = share.next++; piece < share.end && !failure.precedes(piece); piece = share.next++) {
        try {
          body(piece, thread);
        } catch (...) {
          failure.keep(piece);
        }
      }
    }
  });
  failure.rethrow_if_any();
}

void parallel_ranges(std::int64_t size, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  const std::int64_t pieces = (size + grain - 1) / grain;
  parallel_for(pieces, [&](std::int64_t piece, int) { body(piece * grain, std::min(size, (piece + 1) * grain)); });
}

}  // namespace tapestry::kernels
