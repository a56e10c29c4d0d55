#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tapestry/kernels/conv2d_gather.hpp>
#include <tapestry/kernels/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv2d_pack.hpp>
#include <tapestry/kernels/conv2d_products.hpp>
#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/parallel.hpp>
#include <tapestry/kernels/winograd.hpp>
#include <tapestry/kernels/winograd_tiling.hpp>
#include <tapestry/kernels/winograd_weight_gradient.hpp>

// dW = Gᵀ [Σ over tiles of (Bᵀ x B) ⊙ (A dy Aᵀ)] G. Every factor's sum over all tiles is one product of matrices, so
// that threads take factors and nothing is added up across threads.
namespace tapestry::kernels::winograd {
namespace {

// Where the sums are small, the tiles are cut into pieces, each with sums of its own and one thread, whose factors stay
// in the second-level cache. Where they are large, there is one piece, and threads share the tiles out for the
// transforms and the factors for the products.
constexpr std::int64_t max_sum_bytes = std::int64_t{1} << 20;
constexpr std::int64_t max_pieces = 16;
constexpr std::int64_t block_bytes = std::int64_t{1} << 20;
constexpr std::int64_t round_bytes = std::int64_t{4} << 20;

struct Plan {
  explicit Plan(const Conv2dGeometry& g)
      : tiling{.batch = g.batch,
               .source = {g.in_height, g.in_width, g.in_channels},
               .target = {g.out_height, g.out_width, g.out_channels},
               .pad_top = g.pad_top,
               .pad_left = g.pad_left},
        panels{.lanes = vector_lanes<float>(), .depth = g.in_channels, .channels = g.out_channels} {
    const std::int64_t bytes = factors * (g.in_channels + g.out_channels) * std::int64_t{sizeof(float)};
    const bool is_shared = sums_size() * std::int64_t{sizeof(float)} > max_sum_bytes;
    round_tiles = std::clamp<std::int64_t>((is_shared ? round_bytes : block_bytes) / bytes, 24, max_block_pixels);
    rounds = (tiling.tiles() + round_tiles - 1) / round_tiles;
    const std::int64_t most = is_shared ? 1 : std::clamp<std::int64_t>(rounds, 1, max_pieces);
    pieces = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
    source_pitch = whole_lines<float>(g.in_channels);
    // The products read gradients by whole vectors.
    target_pitch = whole_lines<float>(panels.padded_channels());
    if (source_pitch % 64 == 0) source_pitch += 16;
    if (target_pitch % 64 == 0) target_pitch += 16;
  }

  std::int64_t source_plane() const { return padded_plane(round_tiles * source_pitch); }
  std::int64_t target_plane() const { return padded_plane(round_tiles * target_pitch); }
  std::int64_t sums_plane() const { return padded_plane(panels.size()); }
  std::int64_t sums_size() const { return factors * sums_plane(); }

  Tiling tiling;
  Panels panels;
  std::int64_t round_tiles;  ///< tiles that are transformed before their products are added
  std::int64_t rounds, pieces;
  std::int64_t source_pitch, target_pitch;
};

/// Factors of the pixels and of the gradients of a round's tiles.
struct Factors {
  float* source;
  float* target;
};

struct Buffers {
  std::vector<Factors> factors;  ///< for each piece that is worked on at a time
  float* sums;                   ///< for each piece, and each factor, a matrix of panels
  float* zeros;                  ///< the pixels outside the image
};

Buffers cut(WorkspaceCutter& cutter, const Plan& plan) {
  Buffers buffers;
  for (std::int64_t i = 0; i < (plan.pieces == 1 ? 1 : num_threads()); ++i) {
    buffers.factors.push_back({.source = cutter.take<float>(factors * plan.source_plane()),
                               .target = cutter.take<float>(factors * plan.target_plane())});
  }
  buffers.sums = cutter.take<float>(plan.pieces * plan.sums_size());
  buffers.zeros = cutter.take<float>(std::max(plan.panels.depth, plan.panels.channels));
  return buffers;
}

// Tiles that a thread transforms at a time.
constexpr std::int64_t transform_grain = 8;

/// Adds the products of the tiles [begin, end) to `sums`.
void add_round(const Plan& plan, std::int64_t begin, std::int64_t end, const float* x, const float* dy,
               const float* zeros, const Factors& buffers, float* sums) {
  const Tiling& t = plan.tiling;
  parallel_ranges(end - begin, transform_grain, [&](std::int64_t first, std::int64_t last) {
    for_each_tile<window>(t, t.source, t.pad_top, t.pad_left, begin + first, begin + last, x, zeros,
                          [&](std::int64_t i, const float* const* pixels) {
                            scatter_input(pixels, t.source.channels, buffers.source + (first + i) * plan.source_pitch,
                                          plan.source_plane());
                          });
    for_each_tile<tile>(t, t.target, 0, 0, begin + first, begin + last, dy, zeros,
                        [&](std::int64_t i, const float* const* pixels) {
                          scatter_gradient(pixels, t.target.channels, buffers.target + (first + i) * plan.target_pitch,
                                           plan.target_plane());
                        });
  });
  parallel_for(factors, [&](std::int64_t factor, int) {
    PixelPointers<const float> sources;
    for (std::int64_t i = 0; i < end - begin; ++i) {
      sources[static_cast<std::size_t>(i)] = buffers.source + factor * plan.source_plane() + i * plan.source_pitch;
    }
    add_pixels<float>({.sources = sources.data(),
                       .gradients = buffers.target + factor * plan.target_plane(),
                       .pitch = plan.target_pitch,
                       .pixels = end - begin,
                       .runs = {.rows = 1, .columns = 1, .length = plan.panels.depth, .row_step = 0, .column_step = 0},
                       .channels = plan.panels.channels,
                       .sums = sums + factor * plan.sums_plane()});
  });
}

/// Adds up the sums of a panel and the input channels [begin, end), transforms them back and writes them where they
/// belong. Returns false when one of them is not finite.
bool write_panel(const Plan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end, float* sums,
                 float* dweight) {
  const std::int64_t width = plan.panels.width(panel);
  const std::int64_t first = plan.panels.begin(panel);
  const std::int64_t offset = plan.panels.offset(panel) + begin * width;
  for (std::int64_t piece = 1; piece < plan.pieces; ++piece) {
    for (std::int64_t factor = 0; factor < factors; ++factor) {
      float* const to = sums + factor * plan.sums_plane() + offset;
      const float* const from = to + piece * plan.sums_size();
      for (std::int64_t i = 0; i < (end - begin) * width; ++i) to[i] += from[i];
    }
  }
  std::array<float, 9 * max_panel_width> gradients;
  bool is_finite = true;
  for (std::int64_t c = begin; c < end; ++c) {
    transform_kernel_gradients(sums + plan.panels.offset(panel) + c * width, plan.sums_plane(), width,
                               gradients.data());
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

}  // namespace

std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry) {
  WorkspaceCutter cutter(nullptr);
  cut(cutter, Plan(geometry));
  return std::max(cutter.size(), implicit_gemm::weight_gradient_workspace<float>(geometry));
}

void weight_gradient(const Conv2dGeometry& geometry, const float* x, const float* dy, float* dweight, void* workspace) {
  const Plan plan(geometry);
  WorkspaceCutter cutter(workspace);
  const Buffers buffers = cut(cutter, plan);
  std::fill_n(buffers.zeros, std::max(plan.panels.depth, plan.panels.channels), 0.0F);
  const auto add_piece = [&](std::int64_t piece, int thread) {
    const Factors& own = buffers.factors[static_cast<std::size_t>(thread)];
    float* const sums = buffers.sums + piece * plan.sums_size();
    std::fill_n(sums, plan.sums_size(), 0.0F);
    // The products read the columns that fill up the last vector.
    if (plan.panels.channels % plan.panels.lanes != 0) std::fill_n(own.target, factors * plan.target_plane(), 0.0F);
    for (std::int64_t round = plan.rounds * piece / plan.pieces; round < plan.rounds * (piece + 1) / plan.pieces;
         ++round) {
      const std::int64_t begin = round * plan.round_tiles;
      add_round(plan, begin, std::min(begin + plan.round_tiles, plan.tiling.tiles()), x, dy, buffers.zeros, own, sums);
    }
  };
  if (plan.pieces == 1) {
    add_piece(0, 0);
  } else {
    parallel_for(plan.pieces, add_piece);
  }

  const std::int64_t chunks = (plan.panels.depth + pack_channels - 1) / pack_channels;
  std::vector<std::uint8_t> is_finite(static_cast<std::size_t>(plan.panels.count() * chunks));
  parallel_for(plan.panels.count() * chunks, [&](std::int64_t piece, int) {
    const std::int64_t begin = piece % chunks * pack_channels;
    const std::int64_t end = std::min(begin + pack_channels, plan.panels.depth);
    is_finite[static_cast<std::size_t>(piece)] =
        write_panel(plan, piece / chunks, begin, end, buffers.sums, dweight) ? 1 : 0;
  });
  if (std::find(is_finite.begin(), is_finite.end(), 0) != is_finite.end()) {
    implicit_gemm::weight_gradient(geometry, x, dy, dweight, workspace);
  }
}

}  // namespace tapestry::kernels::winograd
