#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/resample/resample.hpp>

namespace tapestry {
namespace {

using kernels::ResampleAxis;

constexpr std::int64_t largest_size = std::int64_t{1} << 24;

/// With the terms of both axes, forward and adjoint.
struct Interpolate {
  static constexpr std::string_view name = "interpolate";
  static constexpr std::string_view adjoint_name = "interpolate_gradient";
  ResampleAxis rows_, columns_;
  ResampleAxis adjoint_rows_ = {}, adjoint_columns_ = {};

  Array forward(const Tensor& x) const { return resampled(name, x, rows_, columns_); }
  Array adjoint(const Tensor& gradient) const {
    return resampled(adjoint_name, gradient, adjoint_rows_, adjoint_columns_);
  }

 private:
  static Array resampled(std::string_view label, const Tensor& x, const ResampleAxis& rows,
                         const ResampleAxis& columns) {
    return detail::run_kernel(
        label, x, {x.size(0), x.size(1), rows.out(), columns.out()}, MemoryFormat::channels_last,
        [&](const auto* in, auto* y) { kernels::resample(x.size(0), x.size(1), rows, columns, in, y); });
  }
};

ResampleAxis nearest(std::int64_t in, std::int64_t out, std::optional<double> scale) {
  ResampleAxis axis = {.in = in};
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t source =
        scale ? static_cast<std::int64_t>(std::floor(static_cast<double>(i) / *scale)) : i * in / out;
    axis.terms.push_back({.source = std::min(source, in - 1), .weight = 1});
    axis.begin.push_back(i + 1);
  }
  return axis;
}

ResampleAxis linear(std::int64_t in, std::int64_t out, std::optional<double> scale, bool align_corners) {
  ResampleAxis axis = {.in = in};
  const double step = scale ? 1 / *scale : static_cast<double>(in) / static_cast<double>(out);
  for (std::int64_t i = 0; i < out; ++i) {
    double place = std::max(0.0, (static_cast<double>(i) + 0.5) * step - 0.5);
    if (align_corners) place = out == 1 ? 0 : static_cast<double>(i * (in - 1)) / static_cast<double>(out - 1);
    const std::int64_t before = std::min(static_cast<std::int64_t>(place), in - 1);
    const double share = before + 1 < in ? place - static_cast<double>(before) : 0;
    axis.terms.push_back({.source = before, .weight = 1 - share});
    if (share > 0) axis.terms.push_back({.source = before + 1, .weight = share});
    axis.begin.push_back(static_cast<std::int64_t>(axis.terms.size()));
  }
  return axis;
}

Pair output_size(const Tensor& x, const InterpolateOptions& options) {
  if (options.size) return *options.size;
  const auto scaled = [&](std::int64_t in, double scale) {
    const double out = std::floor(static_cast<double>(in) * scale);
    if (out >= 1 && out <= static_cast<double>(largest_size)) return static_cast<std::int64_t>(out);
    throw ValueError(fmt::format("{}: {} pixels times scale_factor {} must be in [1, {}] (input {})", Interpolate::name,
                                 in, scale, largest_size, to_string(x.shape())));
  };
  return {scaled(x.size(2), options.scale_factor->height), scaled(x.size(3), options.scale_factor->width)};
}

}  // namespace

void InterpolateOptions::check(std::string_view operation) const {
  if (size.has_value() == scale_factor.has_value()) {
    throw ValueError(
        fmt::format("{}: expected either a size or a scale_factor, got {}", operation, size ? "both" : "neither"));
  }
  if (size) {
    const auto is_allowed = [](std::int64_t side) { return side >= 1 && side <= largest_size; };
    if (!is_allowed(size->height) || !is_allowed(size->width)) {
      throw ValueError(
          fmt::format("{}: size must be in [1, {}], got ({}, {})", operation, largest_size, size->height, size->width));
    }
  } else {
    const auto is_allowed = [](double scale) { return scale > 0 && std::isfinite(scale); };
    if (!is_allowed(scale_factor->height) || !is_allowed(scale_factor->width)) {
      throw ValueError(fmt::format("{}: scale_factor must be positive and finite, got ({}, {})", operation,
                                   scale_factor->height, scale_factor->width));
    }
  }
  if (align_corners && mode != InterpolationMode::bilinear) {
    throw ValueError(fmt::format("{}: align_corners requires mode bilinear", operation));
  }
}

Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  detail::check_images(Interpolate::name, x);
  options.check(Interpolate::name);
  const Pair size = output_size(x, options);
  // Rejects an invalid shape before the terms are computed.
  (void)Shape{x.size(0), x.size(1), size.height, size.width};
  const auto axis = [&](std::int64_t in, std::int64_t out, std::optional<double> scale) {
    if (options.mode == InterpolationMode::nearest) return nearest(in, out, scale);
    return linear(in, out, scale, options.align_corners);
  };
  const auto scale = options.scale_factor;
  Interpolate map = {.rows_ = axis(x.size(2), size.height, scale ? std::optional(scale->height) : std::nullopt),
                     .columns_ = axis(x.size(3), size.width, scale ? std::optional(scale->width) : std::nullopt)};
  if (x.requires_grad()) {
    map.adjoint_rows_ = kernels::adjoint(map.rows_);
    map.adjoint_columns_ = kernels::adjoint(map.columns_);
  }
  return detail::record_linear(std::move(map), x);
}

}  // namespace tapestry
