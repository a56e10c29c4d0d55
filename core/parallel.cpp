#include <tapestry/core/parallel.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::detail {

void call_in_ranges(std::int64_t size, std::int64_t grain, const void* body,
                    void (*call)(const void* body, std::int64_t begin, std::int64_t end)) {
  kernels::parallel_ranges(size, grain, [=](std::int64_t begin, std::int64_t end) { call(body, begin, end); });
}

}  // namespace tapestry::detail
