// Work shared out over OpenMP threads. The only place that opens a parallel region.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace tapestry::kernels {

/// How many threads `parallel_for` uses; at least 1. At first what OpenMP offers (OMP_NUM_THREADS, else the
/// cores).
int num_threads();

/// Sets the number of threads, for the calling thread's parallel regions and for OpenBLAS. `count` must be at
/// least 1.
void set_num_threads(int count);

/// A reference to something callable; does not own it, so it must not outlive the call it is passed to.
template <class Signature>
class FunctionRef;

template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <class Callable>
  FunctionRef(const Callable& callable)  // NOLINT: implicit, as for std::function
      : object_(std::addressof(callable)), call_([](const void* object, Args... args) -> Result {
          return (*static_cast<const Callable*>(object))(args...);
        }) {}
  Result operator()(Args... args) const { return call_(object_, args...); }

 private:
  const void* object_;
  Result (*call_)(const void*, Args...);
};

/// Calls `body(piece, thread)` for every piece in [0, pieces), 0 ≤ thread < num_threads(). Pieces run in any
/// order on any thread: for results that do not depend on the thread count, cut the work into pieces by its
/// size alone, let each piece write to a place of its own, and combine partial results in index order
/// afterwards. `thread` is for scratch. `body` must not throw. Denormal floats count as zero inside: they
/// would slow training down.
void parallel_for(std::int64_t pieces, FunctionRef<void(std::int64_t, int)> body);

/// `parallel_for` over [0, size) in ranges of at most `grain`: calls `body(begin, end)`.
void parallel_ranges(std::int64_t size, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body);

}  // namespace tapestry::kernels
