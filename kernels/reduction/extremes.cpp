#include <algorithm>
#include <array>
#include <vector>

#include <tapestry/kernels/reduction/extremes.hpp>

namespace tapestry::kernels {
namespace {

/// The approximate number of elements of a row per piece.
constexpr std::int64_t grain = std::int64_t{1} << 14;

}  // namespace

template <bool largest, class T>
void extremes(const MiddleAxis& axis, const T* in, T* out) {
  if (axis.inner == 1) {
    // Divides long rows into pieces, then combines their extremes.
    const std::int64_t pieces = (axis.size + grain - 1) / grain;
    std::vector<T> partial(static_cast<std::size_t>(axis.outer * pieces));
    parallel_each(axis.outer * pieces, axis.size, [&](std::int64_t piece) {
      const std::int64_t first = piece % pieces * grain;
      partial[static_cast<std::size_t>(piece)] =
          row_extreme<largest>(in + piece / pieces * axis.size + first, std::min(grain, axis.size - first));
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
      for (std::int64_t k = first; k < last; ++k) best[k] = replaces<largest>(row[k], best[k]) ? row[k] : best[k];
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
        const bool is_new = replaces<largest>(row[k], best[k]);
        best[k] = is_new ? row[k] : best[k];
        at[k] = is_new ? i : at[k];
      }
    }
    std::copy_n(at.begin(), count, out + o * axis.inner + first);
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                    \
  template void extremes<true>(const MiddleAxis&, const T*, T*);                   \
  template void extremes<false>(const MiddleAxis&, const T*, T*);                  \
  template void extreme_indices<true>(const MiddleAxis&, const T*, std::int64_t*); \
  template void extreme_indices<false>(const MiddleAxis&, const T*, std::int64_t*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
TAPESTRY_INSTANTIATE(std::int64_t);
TAPESTRY_INSTANTIATE(std::uint8_t);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
