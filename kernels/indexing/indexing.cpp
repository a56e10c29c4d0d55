#include <algorithm>

#include <tapestry/kernels/indexing/indexing.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// The approximate number of elements per piece.
constexpr std::int64_t grain = std::int64_t{1} << 14;

/// Calls `body(offset in the indices, offset in the indexed array)` for every index. Offsets in the indexed array that
/// may coincide are visited by one thread, in the order of the indices.
template <class Body>
void for_each_index(const IndexGrid& grid, const std::int64_t* indices, const Body& body) {
  const auto outer = static_cast<std::int64_t>(grid.outer_offsets.size());
  const auto inner = static_cast<std::int64_t>(grid.inner_offsets.size());
  const std::int64_t blocks = (inner + block_size - 1) / block_size;
  const std::int64_t elements = 1 + grid.count * std::min(inner, block_size);
  parallel_ranges(outer * blocks, 1 + grain / elements, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t o = piece / blocks;
      const std::int64_t first = piece % blocks * block_size;
      const std::int64_t last = std::min(inner, first + block_size);
      const std::int64_t outer_offset = grid.outer_offsets[static_cast<std::size_t>(o)];
      for (std::int64_t i = 0; i < grid.count; ++i) {
        for (std::int64_t k = first; k < last; ++k) {
          const std::int64_t here = (o * grid.count + i) * inner + k;
          body(here, outer_offset + indices[here] * grid.axis_stride + grid.inner_offsets[static_cast<std::size_t>(k)]);
        }
      }
    }
  });
}

}  // namespace

template <class T>
void index_select(const MiddleAxis& axis, std::int64_t count, const std::int64_t* indices, const T* from, T* to) {
  const std::int64_t inner = axis.inner;
  parallel_each(axis.outer * count, inner, [&](std::int64_t row) {
    std::copy_n(from + (row / count * axis.size + indices[row % count]) * inner, inner, to + row * inner);
  });
}

template <class T>
void index_add(const MiddleAxis& axis, std::int64_t count, const std::int64_t* indices, const T* from, T* to) {
  // Groups the sources by target, in their order, so that targets can be processed in parallel.
  std::vector<std::int64_t> ends(static_cast<std::size_t>(axis.size) + 1, 0);
  for (std::int64_t i = 0; i < count; ++i) ++ends[static_cast<std::size_t>(indices[i]) + 1];
  for (std::size_t j = 1; j < ends.size(); ++j) ends[j] += ends[j - 1];
  std::vector<std::int64_t> sources(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    sources[static_cast<std::size_t>(ends[static_cast<std::size_t>(indices[i])]++)] = i;
  const std::int64_t inner = axis.inner;
  const std::int64_t elements = inner * (1 + count / std::max<std::int64_t>(axis.size, 1));
  parallel_each(axis.outer * axis.size, elements, [&](std::int64_t row) {
    const std::int64_t o = row / axis.size;
    const auto j = static_cast<std::size_t>(row % axis.size);
    const std::int64_t begin = j == 0 ? 0 : ends[j - 1];
    gather_sums(ends[j] - begin, inner, to + row * inner, [&](auto* sums) {
      for (std::int64_t at = begin; at < ends[j]; ++at) {
        const T* term = from + (o * count + sources[static_cast<std::size_t>(at)]) * inner;
        for (std::int64_t k = 0; k < inner; ++k) sums[k] += term[k];
      }
    });
  });
}

template <class T>
void gather(const IndexGrid& grid, const std::int64_t* indices, const T* from, T* to) {
  for_each_index(grid, indices, [=](std::int64_t here, std::int64_t there) { to[here] = from[there]; });
}

template <class T, class Sum>
void scatter_add(const IndexGrid& grid, const std::int64_t* indices, const T* from, Sum* to) {
  for_each_index(grid, indices,
                 [=](std::int64_t here, std::int64_t there) { to[there] += static_cast<Sum>(from[here]); });
}

template void index_select(const MiddleAxis&, std::int64_t, const std::int64_t*, const float*, float*);
template void index_select(const MiddleAxis&, std::int64_t, const std::int64_t*, const double*, double*);
template void index_select(const MiddleAxis&, std::int64_t, const std::int64_t*, const std::int64_t*, std::int64_t*);
template void index_select(const MiddleAxis&, std::int64_t, const std::int64_t*, const std::uint8_t*, std::uint8_t*);
template void index_add(const MiddleAxis&, std::int64_t, const std::int64_t*, const float*, float*);
template void index_add(const MiddleAxis&, std::int64_t, const std::int64_t*, const double*, double*);
template void gather(const IndexGrid&, const std::int64_t*, const float*, float*);
template void gather(const IndexGrid&, const std::int64_t*, const double*, double*);
template void gather(const IndexGrid&, const std::int64_t*, const std::int64_t*, std::int64_t*);
template void gather(const IndexGrid&, const std::int64_t*, const std::uint8_t*, std::uint8_t*);
template void scatter_add(const IndexGrid&, const std::int64_t*, const float*, float*);
template void scatter_add(const IndexGrid&, const std::int64_t*, const float*, double*);
template void scatter_add(const IndexGrid&, const std::int64_t*, const double*, double*);

}  // namespace tapestry::kernels
