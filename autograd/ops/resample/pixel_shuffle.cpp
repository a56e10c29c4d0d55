// pixel_shuffle and pixel_unshuffle: each other's inverse, adjoint and derivative.
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry {
namespace {

/// A loop over an axis of the image of r² times the channels and one of the image of r² times the pixels.
struct PairedLoop {
  std::int64_t size;
  std::int64_t coarse;
  std::int64_t fine;
};

std::array<PairedLoop, 6> loops_over(const Array& coarse, const Array& fine, std::int64_t r) {
  const auto c = coarse.strides();
  const auto f = fine.strides();
  return {{{fine.size(0), c[0], f[0]},
           {fine.size(1), c[1] * r * r, f[1]},
           {r, c[1] * r, f[2]},
           {r, c[1], f[3]},
           {coarse.size(2), c[2], f[2] * r},
           {coarse.size(3), c[3], f[3] * r}}};
}

struct PixelShuffle {
  static constexpr std::string_view name = "pixel_shuffle";
  std::int64_t factor_;

  Array forward(const Tensor& x) const {
    const Array& coarse = x.array();
    Array fine = Array::empty({x.size(0), x.size(1) / factor_ / factor_, x.size(2) * factor_, x.size(3) * factor_},
                              x.dtype(), coarse.format());
    std::vector<kernels::CopyLoop> loops;
    for (const PairedLoop& loop : loops_over(coarse, fine, factor_))
      loops.push_back({.size = loop.size, .from_stride = loop.coarse, .to_stride = loop.fine});
    visit_dtype(x.dtype(),
                [&]<class T>() { kernels::strided_copy(std::move(loops), coarse.data<T>(), fine.mutable_data<T>()); });
    return fine;
  }
  Tensor backward(const Tensor& gradient) const { return pixel_unshuffle(gradient, factor_); }
};

struct PixelUnshuffle {
  static constexpr std::string_view name = "pixel_unshuffle";
  std::int64_t factor_;

  Array forward(const Tensor& x) const {
    const Array& fine = x.array();
    Array coarse = Array::empty({x.size(0), x.size(1) * factor_ * factor_, x.size(2) / factor_, x.size(3) / factor_},
                                x.dtype(), fine.format());
    std::vector<kernels::CopyLoop> loops;
    for (const PairedLoop& loop : loops_over(coarse, fine, factor_))
      loops.push_back({.size = loop.size, .from_stride = loop.fine, .to_stride = loop.coarse});
    visit_dtype(x.dtype(),
                [&]<class T>() { kernels::strided_copy(std::move(loops), fine.data<T>(), coarse.mutable_data<T>()); });
    return coarse;
  }
  Tensor backward(const Tensor& gradient) const { return pixel_shuffle(gradient, factor_); }
};

/// size · factor, which can overflow for images without channels or pixels: they may have any factor.
std::int64_t scaled(std::string_view operation, const Tensor& x, std::int64_t size, std::int64_t factor) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(size, factor, &product)) {
    throw ShapeError(
        fmt::format("{}: the sizes overflow int64 (factor {}, input {})", operation, factor, to_string(x.shape())));
  }
  return product;
}

}  // namespace

void check_shuffle_factor(std::string_view operation, std::string_view option, std::int64_t value) {
  if (value < 1) throw ValueError(fmt::format("{}: {} must be at least 1, got {}", operation, option, value));
}

Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor) {
  check_shuffle_factor(PixelShuffle::name, "upscale_factor", upscale_factor);
  detail::check_rank(PixelShuffle::name, "an input (N, C, H, W)", x, 4);
  // Divided twice, because the square of a large factor would overflow.
  if (x.size(1) % upscale_factor != 0 || x.size(1) / upscale_factor % upscale_factor != 0) {
    throw ShapeError(fmt::format("{}: upscale_factor {} squared does not divide the {} channels of {}",
                                 PixelShuffle::name, upscale_factor, x.size(1), to_string(x.shape())));
  }
  for (const int side : {2, 3}) scaled(PixelShuffle::name, x, x.size(side), upscale_factor);
  return record(PixelShuffle{upscale_factor}, x);
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor) {
  check_shuffle_factor(PixelUnshuffle::name, "downscale_factor", downscale_factor);
  detail::check_rank(PixelUnshuffle::name, "an input (N, C, H, W)", x, 4);
  if (x.size(2) % downscale_factor != 0 || x.size(3) % downscale_factor != 0) {
    throw ShapeError(fmt::format("{}: downscale_factor {} does not divide both sides of {}", PixelUnshuffle::name,
                                 downscale_factor, to_string(x.shape())));
  }
  const std::int64_t once = scaled(PixelUnshuffle::name, x, x.size(1), downscale_factor);
  scaled(PixelUnshuffle::name, x, once, downscale_factor);
  return record(PixelUnshuffle{downscale_factor}, x);
}

}  // namespace tapestry
