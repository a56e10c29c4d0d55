#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv/conv2d_pack.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/winograd/winograd_pass.hpp>
#include <tapestry/kernels/winograd/winograd_weight_gradient.hpp>

// dW = Gᵀ [Σ over tiles of (Bᵀ x B) ⊙ (A dy Aᵀ)] G. Each factor's sum over all tiles is a matrix product. How it
// is divided among threads depends on the size of the sums relative to the factors:
//
// - by pieces, if the sums fit into the second-level cache: each piece of the tiles has its own sums, which are added
//   in order;
// - by kernels, if they do not: all threads transform a round of tiles, then each takes some of the factors;
// - by parts, if there is only one round: each thread takes some of the channels, whose sums are written once.
namespace tapestry::kernels::winograd {
namespace {

constexpr std::int64_t max_piece_sums_bytes = std::int64_t{1} << 20;
// Limits of the number of pieces and of their bytes: adding more, or larger, sums takes too long.
constexpr std::int64_t max_pieces = 8;
constexpr std::int64_t max_all_sums_bytes = std::int64_t{3} << 20;
// Size of the factors of a round of a piece: they fit into the second-level cache, but are several times as large as
// its sums, which every round reads and writes.
constexpr std::int64_t least_piece_round_bytes = std::int64_t{1} << 20;
constexpr std::int64_t piece_round_sums = 5;
constexpr std::int64_t round_bytes = std::int64_t{6} << 20;
// If the factors of all tiles are smaller, there is one round: reading and writing the sums of all kernels in every
// round would take longer than reading factors that are no longer in the caches.
constexpr std::int64_t single_round_bytes = std::int64_t{40} << 20;
// Source channels of a part. With more of them, the factors of the gradients are read less often.
constexpr std::int64_t part_channels = 512;
// If a piece has more rounds than `few_rounds`, the sums of every `summed_rounds` are added in double precision.
constexpr std::int64_t few_rounds = 8;
constexpr std::int64_t summed_rounds = 4;
// The number of tiles that a thread transforms at a time.
constexpr std::int64_t transform_grain = 8;

/// The products to add: the number of tiles, and the channels.
struct Products {
  std::int64_t tiles;
  std::int64_t first_source, sources;
  std::int64_t first_target, targets;
};

struct Plan {
  explicit Plan(const Conv2dGeometry& g)
      : pass(forward_pass(g)),
        panels(pass.panels()),
        scatter_gradient(transforms_of(g.stride_height).gradient),
        kernel_gradients(transforms_of(g.stride_height).kernel_gradients),
        // The products read whole vectors of gradients.
        source_pitch(tile_pitch(panels.depth)),
        target_pitch(tile_pitch(panels.padded_channels())) {
    const std::int64_t tiles = pass.tiling.tiles();
    const std::int64_t bytes = pass.factors() * (panels.depth + panels.channels) * std::int64_t{sizeof(float)};
    const std::int64_t sums_bytes = kernel_factors * panels.size() * std::int64_t{sizeof(float)};
    by_pieces = sums_bytes <= max_piece_sums_bytes;
    by_parts = !by_pieces && tiles <= std::min(single_round_bytes / bytes, max_block_pixels);
    const auto fitting_tiles = [=](std::int64_t limit) {
      return std::clamp<std::int64_t>(limit / bytes, 24, max_block_pixels);
    };
    std::int64_t most_tiles = std::max<std::int64_t>(tiles, 1);
    if (by_pieces) {
      most_tiles = fitting_tiles(std::max(least_piece_round_bytes, piece_round_sums * sums_bytes));
      const std::int64_t most = std::clamp<std::int64_t>(ceil_div(tiles, most_tiles), 1,
                                                         std::min(max_pieces, max_all_sums_bytes / sums_bytes));
      pieces = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
    } else if (!by_parts) {
      most_tiles = fitting_tiles(round_bytes);
    }
    const std::int64_t piece_tiles = std::max<std::int64_t>(ceil_div(tiles, pieces), 1);
    rounds = ceil_div(piece_tiles, most_tiles);
    round_tiles = ceil_div(piece_tiles, rounds);
    has_totals = rounds > few_rounds;
    source_plane = padded_plane(round_tiles * source_pitch);
    target_plane = padded_plane(round_tiles * target_pitch);
    sums_plane = padded_plane(by_parts ? chunk() * panels.width(0) : panels.size());
  }

  /// The number of tiles in a round of a piece.
  Range tiles_of(std::int64_t piece, std::int64_t round) const {
    const std::int64_t tiles = pass.tiling.tiles();
    const std::int64_t begin = tiles * piece / pieces + round * round_tiles;
    return {.begin = begin, .end = std::min(begin + round_tiles, tiles * (piece + 1) / pieces)};
  }

  /// The chunks of source channels of a panel that are transformed back at a time: four at least.
  std::int64_t chunk() const {
    const std::int64_t depth = std::max<std::int64_t>(panels.depth, 1);
    return by_parts ? std::min(part_channels, depth) : std::min(pack_channels, ceil_div(depth, 4));
  }
  std::int64_t chunks() const { return ceil_div(panels.depth, chunk()); }

  /// The products of the source channels [begin, end) and the target channels of a panel.
  Products products(std::int64_t tiles, std::int64_t begin, std::int64_t end, std::int64_t panel) const {
    return {.tiles = tiles,
            .first_source = begin,
            .sources = end - begin,
            .first_target = panels.begin(panel),
            .targets = std::min(panels.width(panel), panels.channels - panels.begin(panel))};
  }

  Pass pass;
  Panels panels;
  Scatter* scatter_gradient;
  TransformKernelGradients* kernel_gradients;
  std::int64_t source_pitch, target_pitch;
  bool by_pieces, by_parts;
  std::int64_t pieces = 1;
  std::int64_t rounds;       ///< of a piece
  std::int64_t round_tiles;  ///< tiles that are transformed before their products are added
  bool has_totals;           ///< of more rounds than `few_rounds`
  std::int64_t source_plane, target_plane, sums_plane;
};

std::int64_t zeros_size(const Pass& pass) {
  return std::max(outside_size(pass.tiling.source.images), outside_size(pass.tiling.target.images));
}

/// Factors of the pixels and of the gradients of a round's tiles.
struct Factors {
  Planes source, target;
};

struct Buffers {
  Buffers(WorkspaceCutter& cutter, const Plan& plan)
      : sums_size(kernel_factors * plan.sums_plane),
        sums(cutter.take<float>((plan.by_parts ? num_threads() : plan.pieces) * sums_size)),
        totals(cutter.take<double>(plan.has_totals ? plan.pieces * sums_size : 0)),
        zeros(cutter.take<float>(zeros_size(plan.pass))) {
    for (int i = 0; i < (plan.by_pieces ? num_threads() : 1); ++i) {
      const auto take = [&](std::int64_t pitch, std::int64_t plane) -> Planes {
        return {cutter.take<float>(plan.pass.factors() * plane), pitch, plane};
      };
      factors.push_back(
          {.source = take(plan.source_pitch, plan.source_plane), .target = take(plan.target_pitch, plan.target_plane)});
    }
  }

  std::int64_t sums_size;
  float* sums;     ///< a matrix of panels for each factor of the kernels, of each piece, or of each thread's part
  double* totals;  ///< as the sums, if the plan has them
  float* zeros;    ///< a row of pixels outside the image
  std::vector<Factors> factors;  ///< of each thread, or of all
};

/// Pointers to the factors of each tile of a round.
PixelPointers<const float> point_at_tiles(const Factors& factors, std::int64_t count) {
  PixelPointers<const float> tiles{};
  for (std::int64_t i = 0; i < count; ++i) tiles[static_cast<std::size_t>(i)] = factors.source.from(i).data;
  return tiles;
}

/// Adds the products that contribute to a factor of the kernels to a matrix of sums; with `begins`, overwrites the
/// sums.
void add_products(const Plan& plan, int kernel, const Factors& factors, const PixelPointers<const float>& tiles,
                  const Products& products, bool begins, float* sums) {
  const Range rows = axis_factors_of(plan.pass, kernel / axis_kernels);
  const Range columns = axis_factors_of(plan.pass, kernel % axis_kernels);
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    for (std::int64_t column = columns.begin; column < columns.end; ++column) {
      const std::int64_t factor = row * plan.pass.axis_factors + column;
      add_pixels<float>({.sources = tiles.data(),
                         .gradients = factors.target.data + factor * factors.target.plane + products.first_target,
                         .pitch = factors.target.pitch,
                         .pixels = products.tiles,
                         .runs = {.rows = 1, .columns = 1, .length = products.sources, .row_step = 0, .column_step = 0},
                         .channels = products.targets,
                         .sums = sums,
                         .begins = begins,
                         .source_offset = factor * factors.source.plane + products.first_source});
      begins = false;
    }
  }
}

/// Adds the products of a round to a panel of the sums, which begins at `at`, for all source channels.
void add_round(const Plan& plan, const Buffers& buffers, int kernel, std::int64_t panel, std::int64_t round,
               const Factors& factors, const PixelPointers<const float>& tiles, std::int64_t count, std::int64_t at) {
  const Products products = plan.products(count, 0, plan.panels.depth, panel);
  const bool begins = round == 0 || (plan.has_totals && round % summed_rounds == 0);
  add_products(plan, kernel, factors, tiles, products, begins, buffers.sums + at);
  if (!plan.has_totals || ((round + 1) % summed_rounds != 0 && round + 1 < plan.rounds)) return;
  const std::int64_t size = plan.panels.depth * plan.panels.width(panel);
  if (round < summed_rounds) std::fill_n(buffers.totals + at, size, 0.0);
  move_sums(size, buffers.sums + at, buffers.totals + at);
}

/// Transforms the tiles begin + [first, last) of a round.
void scatter_round(const Plan& plan, std::int64_t begin, std::int64_t first, std::int64_t last, const float* x,
                   const float* dy, const float* zeros, const Factors& factors) {
  const Tiling& t = plan.pass.tiling;
  const Range tiles = {begin + first, begin + last};
  plan.pass.scatter(t, t.source, tiles, x, zeros, factors.source.from(first));
  plan.scatter_gradient(t, t.target, tiles, dy, zeros, factors.target.from(first));
}

/// Transforms the sums of a panel and the source channels [begin, end) back and writes the gradients. Returns false if
/// one of them is not finite.
bool write_gradients(const Plan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end, const float* sums,
                     float* dweight) {
  const std::int64_t width = plan.panels.width(panel);
  const std::int64_t first = plan.panels.begin(panel);
  std::array<float, 9 * max_panel_width> gradients;
  bool is_finite = true;
  for (std::int64_t c = begin; c < end; ++c) {
    plan.kernel_gradients(sums + (c - begin) * width, plan.sums_plane, width, gradients.data());
    for (std::int64_t j = 0; j < std::min(width, plan.panels.channels - first); ++j) {
      float* const kernel = dweight + ((first + j) * plan.panels.depth + c) * 9;
      for (std::int64_t tap = 0; tap < 9; ++tap) {
        kernel[tap] = gradients[static_cast<std::size_t>(tap * width + j)];
        is_finite = is_finite && std::isfinite(kernel[tap]);
      }
    }
  }
  return is_finite;
}

/// The products also read the columns that pad the last vector.
void clear_missing_columns(const Plan& plan, const Factors& factors) {
  if (plan.panels.channels % plan.panels.lanes == 0) return;
  std::fill_n(factors.target.data, plan.pass.factors() * factors.target.plane, 0.0F);
}

void sum_by_pieces(const Plan& plan, const Buffers& buffers, const float* x, const float* dy) {
  const Tiling& tiling = plan.pass.tiling;
  parallel_for(plan.pieces, [&](std::int64_t piece, int thread) {
    const Factors& factors = buffers.factors[static_cast<std::size_t>(thread)];
    clear_missing_columns(plan, factors);
    for (std::int64_t round = 0; round < plan.rounds; ++round) {
      const Range tiles = plan.tiles_of(piece, round);
      scatter_round(plan, tiles.begin, 0, tiles.size(), x, dy, buffers.zeros, factors);
      const auto pointers = point_at_tiles(factors, tiles.size());
      const Range next = {tiles.end, std::min(tiles.end + plan.round_tiles, tiling.tiles())};
      const Range next_x = rows_of(tiling, tiling.source, next), next_dy = rows_of(tiling, tiling.target, next);
      for (int kernel = 0; kernel < kernel_factors; ++kernel) {
        prefetch_part(x, next_x, kernel, kernel_factors);
        prefetch_part(dy, next_dy, kernel, kernel_factors);
        for (std::int64_t panel = 0; panel < plan.panels.count(); ++panel) {
          add_round(plan, buffers, kernel, panel, round, factors, pointers, tiles.size(),
                    piece * buffers.sums_size + kernel * plan.sums_plane + plan.panels.offset(panel));
        }
      }
    }
  });
}

void sum_by_kernels(const Plan& plan, const Buffers& buffers, const float* x, const float* dy) {
  const Factors& factors = buffers.factors.front();
  clear_missing_columns(plan, factors);
  for (std::int64_t round = 0; round < plan.rounds; ++round) {
    const Range tiles = plan.tiles_of(0, round);
    parallel_ranges(tiles.size(), transform_grain, [&](std::int64_t first, std::int64_t last) {
      scatter_round(plan, tiles.begin, first, last, x, dy, buffers.zeros, factors);
    });
    const auto pointers = point_at_tiles(factors, tiles.size());
    parallel_for(kernel_factors * plan.panels.count(), [&](std::int64_t part, int) {
      // At stride 2 the last kernels have the most factors, so they come first.
      const auto kernel = static_cast<int>(kernel_factors - 1 - part / plan.panels.count());
      const std::int64_t panel = part % plan.panels.count();
      add_round(plan, buffers, kernel, panel, round, factors, pointers, tiles.size(),
                kernel * plan.sums_plane + plan.panels.offset(panel));
    });
  }
}

/// Adds the sums of the other pieces to those of the first, for a panel and the source channels [begin, end).
void add_up_pieces(const Plan& plan, const Buffers& buffers, std::int64_t offset, std::int64_t size) {
  if (plan.has_totals) {
    for (int kernel = 0; kernel < kernel_factors; ++kernel) {
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t at = kernel * plan.sums_plane + offset + i;
        double total = 0;
        for (std::int64_t piece = 0; piece < plan.pieces; ++piece)
          total += buffers.totals[piece * buffers.sums_size + at];
        buffers.sums[at] = static_cast<float>(total);
      }
    }
    return;
  }
  for (std::int64_t piece = 1; piece < plan.pieces; ++piece) {
    for (int kernel = 0; kernel < kernel_factors; ++kernel) {
      float* const to = buffers.sums + kernel * plan.sums_plane + offset;
      const float* const from = to + piece * buffers.sums_size;
      for (std::int64_t i = 0; i < size; ++i) to[i] += from[i];
    }
  }
}

/// Recomputes by the definition, in freshly allocated memory, because this is rare.
void compute_plainly(const Conv2dGeometry& geometry, const float* x, const float* dy, float* dweight) {
  const std::size_t bytes = implicit_gemm::weight_gradient_workspace<float>(geometry);
  constexpr std::size_t line = 64;
  std::vector<std::byte> memory(bytes + line);
  std::size_t space = memory.size();
  void* workspace = memory.data();
  implicit_gemm::weight_gradient<float>(geometry, x, {}, dy, dweight, std::align(line, bytes, workspace, space));
}

}  // namespace

std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry) {
  WorkspaceCutter cutter(nullptr);
  const Buffers measured(cutter, Plan(geometry));
  return cutter.size();
}

void weight_gradient(const Conv2dGeometry& geometry, const float* x, const float* dy, float* dweight, void* workspace) {
  const Plan plan(geometry);
  WorkspaceCutter cutter(workspace);
  const Buffers buffers(cutter, plan);
  const std::int64_t tiles = plan.pass.tiling.tiles();
  std::fill_n(buffers.zeros, zeros_size(plan.pass), 0.0F);
  if (plan.by_parts) {
    const Factors& factors = buffers.factors.front();
    clear_missing_columns(plan, factors);
    parallel_ranges(tiles, transform_grain, [&](std::int64_t from, std::int64_t to) {
      scatter_round(plan, 0, from, to, x, dy, buffers.zeros, factors);
    });
  } else if (plan.by_pieces) {
    sum_by_pieces(plan, buffers, x, dy);
  } else {
    sum_by_kernels(plan, buffers, x, dy);
  }

  const auto pointers = point_at_tiles(buffers.factors.front(), plan.by_parts ? tiles : 0);
  std::vector<std::uint8_t> is_finite(static_cast<std::size_t>(plan.panels.count() * plan.chunks()));
  parallel_for(plan.panels.count() * plan.chunks(), [&](std::int64_t part, int thread) {
    const std::int64_t panel = part / plan.chunks();
    const std::int64_t width = plan.panels.width(panel);
    const std::int64_t begin = part % plan.chunks() * plan.chunk();
    const std::int64_t end = std::min(begin + plan.chunk(), plan.panels.depth);
    float* sums = buffers.sums;
    if (plan.by_parts) {
      sums += thread * buffers.sums_size;
      const Products products = plan.products(tiles, begin, end, panel);
      for (int kernel = 0; kernel < kernel_factors; ++kernel) {
        add_products(plan, kernel, buffers.factors.front(), pointers, products, true, sums + kernel * plan.sums_plane);
      }
    } else {
      const std::int64_t offset = plan.panels.offset(panel) + begin * width;
      add_up_pieces(plan, buffers, offset, (end - begin) * width);
      sums += offset;
    }
    is_finite[static_cast<std::size_t>(part)] = write_gradients(plan, panel, begin, end, sums, dweight) ? 1 : 0;
  });
  if (std::find(is_finite.begin(), is_finite.end(), 0) != is_finite.end()) {
    compute_plainly(geometry, x, dy, dweight);
  }
}

}  // namespace tapestry::kernels::winograd
