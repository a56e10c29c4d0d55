// Parallel loops.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace tapestry::kernels {

/// The number of threads that `parallel_for` uses, at least 1; 1 within a loop. The default is OMP_NUM_THREADS if it is
/// set, else `available_cores()`, but at most 64.
int num_threads();

/// Sets the number of threads of the calling thread's loops. `count` must be at least 1.
void set_num_threads(int count);

/// A non-owning reference to a callable; must not outlive it.
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

/// Calls `body(piece, thread)` for every piece in [0, pieces), with 0 ≤ thread < num_threads(), in any order and on any
/// thread. For results that do not depend on the number of threads, divide the work into pieces by its size alone,
/// write the result of each piece to its own location, and combine partial results in index order afterwards. `thread`
/// selects scratch memory. If calls throw, the exception of the first such piece is thrown when all threads have left
/// the loop; later pieces may have been skipped. Denormal floats count as zero inside, because arithmetic on them is
/// slow.
void parallel_for(std::int64_t pieces, FunctionRef<void(std::int64_t, int)> body);

/// `parallel_for` over [0, size) in ranges of at most `grain`: calls `body(begin, end)`.
void parallel_ranges(std::int64_t size, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body);

/// Calls `body(i)` for every i in [0, size), in parallel, with as many consecutive calls per piece as make it worth a
/// thread; `elements` is the approximate number of elements that one call processes.
template <class Body>
void parallel_each(std::int64_t size, std::int64_t elements, const Body& body) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  parallel_ranges(size, 1 + grain / (elements + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

}  // namespace tapestry::kernels
