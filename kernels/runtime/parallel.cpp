#include <algorithm>
#include <atomic>
#include <vector>

#include <omp.h>

#include <tapestry/kernels/runtime/denormals.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// The pieces assigned to a thread that have not been started, on a cache line of its own.
struct alignas(64) Share {
  std::atomic<std::int64_t> next;
  std::int64_t end;
};

}  // namespace

int num_threads() {
  return omp_get_max_threads();
}

void set_num_threads(int count) {
  omp_set_num_threads(std::max(count, 1));
}

// Every thread starts with its own share of consecutive pieces, the same in every loop, and then helps the others: a
// loop mostly reads what the same core left in its caches in the loop before, which matters more than balance where
// cores do not share a cache.
//
// Inside a team OpenBLAS uses one thread, so that the bits of a product do not depend on the number of threads. A
// single piece wakes no other threads; OpenMP does not count a team of one as parallel, so the number of threads is set
// as well.
void parallel_for(std::int64_t pieces, FunctionRef<void(std::int64_t, int)> body) {
  if (pieces <= 0) return;
  if (pieces == 1) {
#pragma omp parallel num_threads(1)
    {
      omp_set_num_threads(1);
      const DenormalsGuard flush(Denormals::flush);
      body(0, 0);
    }
    return;
  }
  const int threads = num_threads();
  std::vector<Share> shares(static_cast<std::size_t>(threads));
  for (std::int64_t i = 0; i < threads; ++i) {
    shares[static_cast<std::size_t>(i)].next = pieces * i / threads;
    shares[static_cast<std::size_t>(i)].end = pieces * (i + 1) / threads;
  }
#pragma omp parallel
  {
    const DenormalsGuard flush(Denormals::flush);
    const int thread = omp_get_thread_num();
    for (int i = 0; i < threads; ++i) {
      Share& share = shares[static_cast<std::size_t>((thread + i) % threads)];
      for (std::int64_t piece = share.next++; piece < share.end; piece = share.next++) body(piece, thread);
    }
  }
}

void parallel_ranges(std::int64_t size, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  const std::int64_t pieces = (size + grain - 1) / grain;
  if (pieces == 1) {
    const DenormalsGuard flush(Denormals::flush);
    body(0, size);
    return;
  }
  parallel_for(pieces, [&](std::int64_t piece, int) { body(piece * grain, std::min(size, (piece + 1) * grain)); });
}

}  // namespace tapestry::kernels
