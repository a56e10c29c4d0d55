// pixel_shuffle and pixel_unshuffle: each is the inverse, the adjoint and the derivative of the other.
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry {
namespace {

/// The loops from the image of r² times the channels to the one of r² times the pixels.
std::vector<kernels::CopyLoop> loops_over(const Array& coarse, const Array& fine, std::int64_t r) {
  const auto c = coarse.strides();
  const auto f = fine.strides();
  return {{fine.size(0), c[0], f[0]},       {fine.size(1), c[1] * r * r, f[1]}, {r, c[1] * r, f[2]}, {r, c[1], f[3]},
          {coarse.size(2), c[2], f[2] * r}, {coarse.size(3), c[3], f[3] * r}};
}

void copy(std::vector<kernels::CopyLoop> loops, const Array& from, Array& to) {
  visit_dtype(from.dtype(),
              [&]<class T>() { kernels::strided_copy(std::move(loops), from.data<T>(), to.mutable_data<T>()); });
}

struct PixelShuffle {
  static constexpr std::string_view name = "pixel_shuffle";
  static constexpr std::string_view adjoint_name = "pixel_unshuffle";
  std::int64_t factor_;

  Array forward(const Tensor& x) const {
    Array fine = Array::empty({x.size(0), x.size(1) / factor_ / factor_, x.size(2) * factor_, x.size(3) * factor_},
                              x.dtype(), x.array().format());
    copy(loops_over(x.array(), fine, factor_), x.array(), fine);
    return fine;
  }

  Array adjoint(const Tensor& x) const {
    Array coarse = Array::empty({x.size(0), x.size(1) * factor_ * factor_, x.size(2) / factor_, x.size(3) / factor_},
                                x.dtype(), x.array().format());
    auto loops = loops_over(coarse, x.array(), factor_);
    for (kernels::CopyLoop& loop : loops) std::swap(loop.from_stride, loop.to_stride);
    copy(std::move(loops), x.array(), coarse);
    return coarse;
  }
};

/// size · factor, which can overflow for images without channels or pixels, because they may have any factor.
std::int64_t scaled(std::string_view operation, const Tensor& x, std::int64_t size, std::int64_t factor) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(size, factor, &product)) {
    throw ShapeError(
        fmt::format("{}: the sizes overflow int64 (factor {}, input {})", operation, factor, to_string(x.shape())));
  }
  return product;
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor) {
  check_positive(PixelShuffle::name, "upscale_factor", upscale_factor);
  detail::check_rank(PixelShuffle::name, "an input (N, C, H, W)", x, 4);
  // Divided twice, because the square of a large factor would overflow.
  if (x.size(1) % upscale_factor != 0 || x.size(1) / upscale_factor % upscale_factor != 0) {
    throw ShapeError(fmt::format("{}: upscale_factor {} squared does not divide the {} channels of {}",
                                 PixelShuffle::name, upscale_factor, x.size(1), to_string(x.shape())));
  }
  for (const int side : {2, 3}) scaled(PixelShuffle::name, x, x.size(side), upscale_factor);
  return detail::record_linear(PixelShuffle{upscale_factor}, x);
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor) {
  check_positive(PixelShuffle::adjoint_name, "downscale_factor", downscale_factor);
  detail::check_rank(PixelShuffle::adjoint_name, "an input (N, C, H, W)", x, 4);
  if (x.size(2) % downscale_factor != 0 || x.size(3) % downscale_factor != 0) {
    throw ShapeError(fmt::format("{}: downscale_factor {} does not divide both sides of {}", PixelShuffle::adjoint_name,
                                 downscale_factor, to_string(x.shape())));
  }
  const std::int64_t once = scaled(PixelShuffle::adjoint_name, x, x.size(1), downscale_factor);
  scaled(PixelShuffle::adjoint_name, x, once, downscale_factor);
  return detail::record_adjoint(PixelShuffle{downscale_factor}, x);
}

}  // namespace tapestry
