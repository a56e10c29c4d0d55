#include <algorithm>
#include <atomic>
#include <vector>

#include <omp.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// Flushes denormals to zero on this thread while it lives.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | flush_to_zero | denormals_are_zero);
  }
  ~FlushDenormals() {
    _mm_setcsr(saved_);
  }
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  static constexpr unsigned flush_to_zero = 0x8000;
  static constexpr unsigned denormals_are_zero = 0x0040;
  unsigned saved_;
#endif
};

/// The pieces of a thread that nobody has taken yet, on a cache line of its own.
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

// Every thread begins with a share of neighboring pieces, the same in every loop, and helps the others when it is
// done: what it left in its caches in one loop is what it reads in the next. Where cores do not share a cache that
// counts for more than anything else that a schedule can do.
//
// Inside a team OpenBLAS keeps to one thread, so that the bits of a product do not depend on the thread count. For a
// single piece the others are not woken; a team of one counts as none, so it is told that there is only one thread.
void parallel_for(std::int64_t pieces, FunctionRef<void(std::int64_t, int)> body) {
  if (pieces <= 0) return;
  if (pieces == 1) {
#pragma omp parallel num_threads(1)
    {
      omp_set_num_threads(1);
      const FlushDenormals flush;
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
    const FlushDenormals flush;
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
    const FlushDenormals flush;
    body(0, size);
    return;
  }
  parallel_for(pieces, [&](std::int64_t piece, int) { body(piece * grain, std::min(size, (piece + 1) * grain)); });
}

}  // namespace tapestry::kernels
