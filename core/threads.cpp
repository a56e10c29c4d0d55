#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {

int num_threads() {
  return kernels::num_threads();
}

void set_num_threads(int count) {
  if (count < 1) throw ValueError(fmt::format("set_num_threads: count must be at least 1, got {}", count));
  kernels::set_num_threads(count);
}

}  // namespace tapestry
