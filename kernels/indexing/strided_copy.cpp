#include <algorithm>
#include <cstdlib>

#include <tapestry/kernels/indexing/strided_copy.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// Tiles whose rows and columns both fit into the L1 cache: `tile` rows of `tile` elements, or fewer of more.
constexpr std::int64_t tile = 32;
constexpr std::int64_t tile_length(std::int64_t width) {
  return tile * tile / std::min(tile, width);
}
/// The approximate number of elements per piece.
constexpr std::int64_t grain = std::int64_t{1} << 14;

/// The loops of more than one iteration, sorted by descending `to_stride`, adjacent ones merged where both arrays are
/// contiguous across them; padded to at least two loops.
std::vector<CopyLoop> simplified(std::vector<CopyLoop> loops) {
  std::erase_if(loops, [](const CopyLoop& loop) { return loop.size == 1; });
  std::stable_sort(loops.begin(), loops.end(),
                   [](const CopyLoop& a, const CopyLoop& b) { return std::abs(a.to_stride) > std::abs(b.to_stride); });
  std::vector<CopyLoop> merged(2, {1, 0, 0});
  for (const CopyLoop& loop : loops) {
    CopyLoop& outer = merged.back();
    if (outer.size > 1 && outer.from_stride == loop.from_stride * loop.size &&
        outer.to_stride == loop.to_stride * loop.size) {
      outer = {outer.size * loop.size, loop.from_stride, loop.to_stride};
    } else {
      merged.push_back(loop);
    }
  }
  return merged;
}

/// An iteration of a loop nest, with its offset in either array. Incremented, because pieces are often so small that
/// computing offsets by division would take longer than the copy.
class Position {
 public:
  Position(const std::vector<CopyLoop>& loops, std::int64_t iteration) : loops_(loops), indices_(loops.size()) {
    for (std::size_t i = loops.size(); i-- > 0; iteration /= loops[i].size) {
      indices_[i] = iteration % loops[i].size;
      from += indices_[i] * loops[i].from_stride;
      to += indices_[i] * loops[i].to_stride;
    }
  }

  void advance() {
    for (std::size_t i = loops_.size(); i-- > 0;) {
      from += loops_[i].from_stride;
      to += loops_[i].to_stride;
      if (++indices_[i] < loops_[i].size) return;
      from -= indices_[i] * loops_[i].from_stride;
      to -= indices_[i] * loops_[i].to_stride;
      indices_[i] = 0;
    }
  }
  std::int64_t innermost() const { return indices_.back(); }

  std::int64_t from = 0;
  std::int64_t to = 0;

 private:
  const std::vector<CopyLoop>& loops_;
  std::vector<std::int64_t> indices_;
};

template <class T>
void copy_row(const CopyLoop& loop, const T* __restrict from, T* __restrict to) {
  if (loop.to_stride == 1) {
    for (std::int64_t i = 0; i < loop.size; ++i) to[i] = from[i * loop.from_stride];
  } else {
    for (std::int64_t i = 0; i < loop.size; ++i) to[i * loop.to_stride] = from[i * loop.from_stride];
  }
}

template <class T>
void copy_plane(const CopyLoop& rows, const CopyLoop& columns, const T* from, T* to) {
  if (columns.from_stride == 1 && columns.to_stride == 1) {
    for (std::int64_t row = 0; row < rows.size; ++row)
      std::copy_n(from + row * rows.from_stride, columns.size, to + row * rows.to_stride);
    return;
  }
  if (columns.size < std::min(rows.size, tile / 2)) return copy_plane(columns, rows, from, to);
  const std::int64_t length = tile_length(rows.size);
  for (std::int64_t begin = 0; begin < columns.size; begin += length) {
    const CopyLoop part = {std::min(length, columns.size - begin), columns.from_stride, columns.to_stride};
    for (std::int64_t row = 0; row < rows.size; ++row) {
      copy_row(part, from + row * rows.from_stride + begin * columns.from_stride,
               to + row * rows.to_stride + begin * columns.to_stride);
    }
  }
}

}  // namespace

template <class T>
void strided_copy(std::vector<CopyLoop> loops, const T* from, T* to) {
  if (std::any_of(loops.begin(), loops.end(), [](const CopyLoop& loop) { return loop.size == 0; })) return;
  loops = simplified(std::move(loops));
  // The innermost loop is contiguous in `to`; the next one in `from`, if any loop is.
  const auto along_from = std::find_if(loops.begin(), loops.end() - 1,
                                       [](const CopyLoop& loop) { return std::abs(loop.from_stride) == 1; });
  if (along_from < loops.end() - 2) std::rotate(along_from, along_from + 1, loops.end() - 1);
  const CopyLoop columns = loops.back();
  const CopyLoop rows = loops[loops.size() - 2];
  const std::int64_t strip = tile_length(columns.size);
  const std::int64_t strips = (rows.size + strip - 1) / strip;
  loops.resize(loops.size() - 2);
  loops.push_back({strips, strip * rows.from_stride, strip * rows.to_stride});
  std::int64_t pieces = 1;
  for (const CopyLoop& loop : loops) pieces *= loop.size;
  const std::int64_t strip_elements = std::min(rows.size, strip) * columns.size;
  parallel_ranges(pieces, 1 + grain / strip_elements, [&](std::int64_t begin, std::int64_t end) {
    Position position(loops, begin);
    for (std::int64_t piece = begin; piece < end; ++piece, position.advance()) {
      const std::int64_t strip_rows = std::min(strip, rows.size - position.innermost() * strip);
      copy_plane({strip_rows, rows.from_stride, rows.to_stride}, columns, from + position.from, to + position.to);
    }
  });
}

template void strided_copy(std::vector<CopyLoop>, const float*, float*);
template void strided_copy(std::vector<CopyLoop>, const double*, double*);
template void strided_copy(std::vector<CopyLoop>, const std::int64_t*, std::int64_t*);
template void strided_copy(std::vector<CopyLoop>, const std::uint8_t*, std::uint8_t*);

}  // namespace tapestry::kernels
