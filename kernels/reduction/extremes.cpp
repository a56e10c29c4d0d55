#include <algorithm>
#include <array>
#include <vector>

#include <tapestry/kernels/reduction/extremes.hpp>

namespace tapestry::kernels {
namespace {

/// Elements of a row that one piece of the work looks at, about.
constexpr std::int64_t grain = std::int64_t{1} << 14;

}  // namespace

template <bool largest, class T>
void extremes(const MiddleAxis& axis, const T* in, T* out) {
  if (axis.inner == 1) {
    // Long rows in pieces, and then the extremes of these.
    const std::int64_t pieces = (axis.size + grain - 1) / grain;
    std::vector<T> partial(static_cast<std::size_t>(axis.outer * pieces));
    parallel_ranges(axis.outer * pieces, 1 + grain / axis.size, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t piece = begin; piece < end; ++piece) {
        const std::int64_t first = piece % pieces * grain;
        partial[static_cast<std::size_t>(piece)] =
            row_extreme<largest>(in + piece / pieces * axis.size + first, std::min(grain, axis.size - first));
      }
    });
    for (std::int64_t o = 0; o < axis.outer; ++o) out[o] = row_extreme<largest>(partial.data() + o * pieces, pieces);
    return;
  }
  for_blocks(axis, [&](std::int64_t o, std::int64_t first, std::int64_t last) {
    T* best = out + o * axis.inner;
    const T* rows = in + o * axis.size * axis.inner;
    std::copy(rows + first, rows + last, best + first);
    for (std::int64_t i = 1; i < axis.size; ++i) {
      const T* row = rows + i * axis.inner;
      for (std::int64_t k = first; k < last; ++k) best[k] = passes<largest>(row[k], best[k]) ? row[k] : best[k];
    }
  });
}

template <bool largest, class T>
void extreme_indices(const MiddleAxis& axis, const T* in, std::int64_t* out) {
  for_blocks(axis, [&](std::int64_t o, std::int64_t first, std::int64_t last) {
    const T* rows = in + o * axis.size * axis.inner;
    std::array<T, block_size> best;
    std::array<std::int64_t, block_size> at;
    const auto count = static_cast<std::size_t>(last - first);
    std::fill_n(at.begin(), count, 0);
    std::copy(rows + first, rows + last, best.begin());
    for (std::int64_t i = 1; i < axis.size; ++i) {
      const T* row = rows + i * axis.inner + first;
      for (std::size_t k = 0; k < count; ++k) {
        const bool is_new = passes<largest>(row[k], best[k]);
        best[k] = is_new ? row[k] : best[k];
        at[k] = is_new ? i : at[k];
      }
    }
    std::copy_n(at.begin(), count, out + o * axis.inner + first);
  });
}

template void extremes<true>(const MiddleAxis&, const float*, float*);
template void extremes<false>(const MiddleAxis&, const float*, float*);
template void extremes<true>(const MiddleAxis&, const double*, double*);
template void extremes<false>(const MiddleAxis&, const double*, double*);
template void extremes<true>(const MiddleAxis&, const std::int64_t*, std::int64_t*);
template void extremes<false>(const MiddleAxis&, const std::int64_t*, std::int64_t*);
template void extremes<true>(const MiddleAxis&, const std::uint8_t*, std::uint8_t*);
template void extremes<false>(const MiddleAxis&, const std::uint8_t*, std::uint8_t*);
template void extreme_indices<true>(const MiddleAxis&, const float*, std::int64_t*);
template void extreme_indices<false>(const MiddleAxis&, const float*, std::int64_t*);
template void extreme_indices<true>(const MiddleAxis&, const double*, std::int64_t*);
template void extreme_indices<false>(const MiddleAxis&, const double*, std::int64_t*);
template void extreme_indices<true>(const MiddleAxis&, const std::int64_t*, std::int64_t*);
template void extreme_indices<false>(const MiddleAxis&, const std::int64_t*, std::int64_t*);
template void extreme_indices<true>(const MiddleAxis&, const std::uint8_t*, std::int64_t*);
template void extreme_indices<false>(const MiddleAxis&, const std::uint8_t*, std::int64_t*);

}  // namespace tapestry::kernels
