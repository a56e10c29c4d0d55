// Parallel loops over ranges of indices.
#pragma once

#include <cstdint>
#include <memory>

namespace tapestry {

namespace detail {

/// Calls `call(body, begin, end)` for every range of `parallel_ranges`.
void call_in_ranges(std::int64_t size, std::int64_t grain, const void* body,
                    void (*call)(const void* body, std::int64_t begin, std::int64_t end));

}  // namespace detail

/// Cuts [0, size) into ranges of at most `grain` indices and calls `body(begin, end)` for each, on the threads of
/// `num_threads` (`core/threads.hpp`), in any order. The ranges depend only on `size` and `grain`: a body that writes
/// each result to its own location gives the same results at any number of threads. If calls throw, the exception of
/// the first such range is thrown when all threads have left the loop; later ranges may have been skipped. Denormal
/// floats count as zero inside.
template <class Body>
void parallel_ranges(std::int64_t size, std::int64_t grain, const Body& body) {
  detail::call_in_ranges(size, grain, std::addressof(body),
                         [](const void* object, std::int64_t begin, std::int64_t end) {
                           (*static_cast<const Body*>(object))(begin, end);
                         });
}

}  // namespace tapestry
