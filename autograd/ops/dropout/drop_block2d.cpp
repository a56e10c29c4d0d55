#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/dropout/detail/random_mask.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

/// Kept elements times a factor; linear in x and its own adjoint.
struct DropBlock {
  static constexpr std::string_view name = "drop_block2d";
  SavedTensor keep_;  ///< u8, of the shape of x
  double factor_;

  Array forward(const Tensor& x) const {
    const Array keep = keep_.array().contiguous(x.array().format());
    return detail::run_kernel(name, x, x.shape(), keep.format(), [&]<class T>(const T* in, T* out) {
      const auto* mask = keep.data<std::uint8_t>();
      const auto factor = static_cast<T>(factor_);
      for_ranges(x.numel(), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) out[i] = mask[i] != 0 ? in[i] * factor : T{0};
      });
    });
  }
  Tensor backward(const Tensor& gradient) const {
    return record(DropBlock{.keep_ = SavedTensor(keep_.tensor()), .factor_ = factor_}, gradient);
  }
};

/// Zeroes in `keep`, all ones, the squares that begin at random positions; returns the number of elements left.
std::int64_t drop_squares(Array& keep, double gamma, std::int64_t size, const RandomStream& stream) {
  const std::int64_t height = keep.size(2), width = keep.size(3);
  const std::int64_t rows = height - size + 1, columns = width - size + 1;
  const std::int64_t channels = keep.size(1);
  const auto strides = keep.strides();
  const detail::RandomMask begins(stream, gamma);
  auto* mask = keep.mutable_data<std::uint8_t>();
  std::vector<std::int64_t> kept(static_cast<std::size_t>(keep.size(0) * channels));
  const std::int64_t planes_per_piece = 1 + map_grain / (height * width);
  kernels::parallel_ranges(keep.size(0) * channels, planes_per_piece, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t plane = first; plane < last; ++plane) {
      std::uint8_t* const map = mask + plane / channels * strides[0] + plane % channels * strides[1];
      std::int64_t left = height * width;
      const auto drop_square = [&](std::int64_t top, std::int64_t begin) {
        for (std::int64_t i = 0; i < size * size; ++i) {
          std::uint8_t& one = map[(top + i / size) * strides[2] + (begin + i % size) * strides[3]];
          left -= one;
          one = 0;
        }
      };
      std::array<std::uint8_t, 1024> none_begins;
      for (std::int64_t at = 0; at < rows * columns; ++at) {
        const auto drawn = static_cast<std::size_t>(at) % none_begins.size();
        if (drawn == 0) {
          const auto count = std::min(static_cast<std::int64_t>(none_begins.size()), rows * columns - at);
          begins.fill(plane * rows * columns + at, count, none_begins.data());
        }
        if (none_begins[drawn] == 0) drop_square(at / columns, at % columns);
      }
      kept[static_cast<std::size_t>(plane)] = left;
    }
  });
  return std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
}

}  // namespace

Tensor drop_block2d(const Tensor& x, double p, std::int64_t block_size, RandomStream& stream) {
  constexpr std::string_view name = DropBlock::name;
  detail::check_rank(name, "an input (N, C, H, W)", x, 4);
  check_dropout_probability(name, p);
  check_positive(name, "block_size", block_size);
  detail::check_floating(name, x);
  if (block_size > std::min(x.size(2), x.size(3))) {
    throw ShapeError(fmt::format("{}: a block of {} × {} does not fit into maps of {} × {} (input {})", name,
                                 block_size, block_size, x.size(2), x.size(3), to_string(x.shape())));
  }
  const RandomStream used = stream;
  ++stream.step;
  if (p == 0) return x;
  // The block fits into both sides, so no product overflows.
  const auto share = [&](std::int64_t side) {
    return static_cast<double>(side) / static_cast<double>((side - block_size + 1) * block_size);
  };
  const double gamma = p * share(x.size(2)) * share(x.size(3));
  Array keep = Array::full(x.shape(), p < 1 ? 1 : 0, DType::u8, x.array().format());
  const std::int64_t kept = p < 1 ? drop_squares(keep, gamma, block_size, used) : 0;
  const double factor = static_cast<double>(x.numel()) / static_cast<double>(std::max<std::int64_t>(kept, 1));
  return record(DropBlock{.keep_ = SavedTensor(Tensor(keep)), .factor_ = factor}, x);
}

}  // namespace tapestry
