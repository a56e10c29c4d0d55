#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_resampling {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Sample interpolate_sample(Generator& random) {
  const Shape shape = {random.between(1, 2), random.between(1, 5), random.between(1, 7), random.between(1, 5)};
  InterpolateOptions options;
  options.mode = random.one_in(3) ? InterpolationMode::nearest : InterpolationMode::bilinear;
  options.align_corners = options.mode == InterpolationMode::bilinear && random.one_in(2);
  Pair size = {random.between(1, 11), random.between(1, 9)};
  // Input pixels per output pixel.
  double row_step = static_cast<double>(shape[2]) / static_cast<double>(size.height);
  double column_step = static_cast<double>(shape[3]) / static_cast<double>(size.width);
  if (random.one_in(2)) {
    // Multiples of a quarter, so that rounding does not move a position across a whole number.
    const ScaleFactor factor(static_cast<double>(random.between(4, 11)) / 4,
                             static_cast<double>(random.between(4, 11)) / 4);
    options.scale_factor = factor;
    size = {static_cast<std::int64_t>(std::floor(static_cast<double>(shape[2]) * factor.height)),
            static_cast<std::int64_t>(std::floor(static_cast<double>(shape[3]) * factor.width))};
    row_step = 1 / factor.height;
    column_step = 1 / factor.width;
  } else {
    options.size = size;
  }
  const auto place = [&](std::int64_t i, double step, std::int64_t in, std::int64_t out) {
    // The 5e-5 keeps whole numbers from being rounded down.
    if (options.mode == InterpolationMode::nearest) return std::floor(static_cast<double>(i) * step + 5e-5);
    if (!options.align_corners) return std::max(0.0, (static_cast<double>(i) + 0.5) * step - 0.5);
    return out == 1 ? 0.0 : static_cast<double>(i) * static_cast<double>(in - 1) / static_cast<double>(out - 1);
  };
  const Array x = random.reals(shape);
  const auto value = [&](const Index& index) {
    const double row = place(index[2], row_step, shape[2], size.height);
    const double column = place(index[3], column_step, shape[3], size.width);
    // Pixels are weighted by their distance along both axes; positions beyond the last pixel use the last.
    const auto nearness = [](double at, std::int64_t pixel, std::int64_t in) {
      return std::max(0.0, 1 - std::abs(std::min(at, static_cast<double>(in - 1)) - static_cast<double>(pixel)));
    };
    double sum = 0;
    for (std::int64_t i = 0; i < shape[2]; ++i) {
      for (std::int64_t j = 0; j < shape[3]; ++j) {
        sum += nearness(row, i, shape[2]) * nearness(column, j, shape[3]) * element(x, {index[0], index[1], i, j});
      }
    }
    return sum;
  };
  return {.function = [=](Inputs in) { return interpolate(in[0], options); },
          .inputs = {x},
          .expected = made_of({shape[0], shape[1], size.height, size.width}, value),
          .options = std::to_string(size.height) + "x" + std::to_string(size.width) +
                     (options.mode == InterpolationMode::nearest ? " nearest" : " bilinear") +
                     (options.align_corners ? " corners" : "") + (options.scale_factor ? " factor" : "")};
}

}  // namespace

TEST_CASE("operator: pixel_shuffle") {
  check_operator(
      {.name = "pixel_shuffle",
       .sample =
           [](Generator& random) {
             const std::int64_t r = random.between(1, 3);
             const std::int64_t channels = random.between(1, 4);
             const Array x =
                 random.reals({random.between(1, 2), channels * r * r, random.between(1, 4), random.between(1, 5)});
             return Sample{.function = [=](Inputs in) { return pixel_shuffle(in[0], r); },
                           .inputs = {x},
                           .expected = made_of(
                               {x.size(0), channels, x.size(2) * r, x.size(3) * r},
                               [&](const Index& i) {
                                 return element(x, {i[0], i[1] * r * r + i[2] % r * r + i[3] % r, i[2] / r, i[3] / r});
                               }),
                           .options = "factor " + std::to_string(r)};
           },
       .on_empty = {{[](Inputs in) { return pixel_shuffle(in[0], 2); },
                     {Array::zeros({0, 8, 3, 5})},
                     Array::zeros({0, 2, 6, 10})},
                    {[](Inputs in) { return pixel_shuffle(in[0], 3); },
                     {Array::zeros({2, 9, 0, 5})},
                     Array::zeros({2, 1, 0, 15})}},
       .rejections = {rejects<ValueError>(
                          [] {
                            return pixel_shuffle(Array::zeros({1, 4, 2, 2}), 0);
                          },
                          "pixel_shuffle: upscale_factor must be at least 1, got 0"),
                      rejects<ShapeError>(
                          [] {
                            return pixel_shuffle(Array::zeros({1, 6, 2, 2}), 2);
                          },
                          "pixel_shuffle: upscale_factor 2 squared does not divide the 6 channels of "
                          "[1, 6, 2, 2]"),
                      rejects<ShapeError>(
                          [] {
                            return pixel_shuffle(Array::zeros({1, 4, 2, 2}), std::int64_t{1} << 40);
                          },
                          "pixel_shuffle: upscale_factor 1099511627776 squared does not divide the 4 "
                          "channels of [1, 4, 2, 2]"),
                      rejects<ShapeError>(
                          [] {
                            return pixel_shuffle(Array::zeros({4, 2, 2}), 2);
                          },
                          "pixel_shuffle: expected an input (N, C, H, W) of rank 4, got [4, 2, 2]")},
       .gradients = linear_in_each,
       .tolerance = 0,
       .f32_tolerance = 0});
}

TEST_CASE("operator: pixel_unshuffle") {
  check_operator(
      {.name = "pixel_unshuffle",
       .sample =
           [](Generator& random) {
             const std::int64_t r = random.between(1, 3);
             const Array x = random.reals(
                 {random.between(1, 2), random.between(1, 4), r * random.between(1, 4), r * random.between(1, 5)});
             return Sample{
                 .function = [=](Inputs in) { return pixel_unshuffle(in[0], r); },
                 .inputs = {x},
                 .expected =
                     made_of({x.size(0), x.size(1) * r * r, x.size(2) / r, x.size(3) / r},
                             [&](const Index& i) {
                               return element(x, {i[0], i[1] / (r * r), i[2] * r + i[1] / r % r, i[3] * r + i[1] % r});
                             }),
                 .options = "factor " + std::to_string(r)};
           },
       .on_empty = {{[](Inputs in) { return pixel_unshuffle(in[0], 2); },
                     {Array::zeros({0, 2, 6, 10})},
                     Array::zeros({0, 8, 3, 5})}},
       .rejections = {rejects<ValueError>(
                          [] {
                            return pixel_unshuffle(Array::zeros({1, 4, 2, 2}), -1);
                          },
                          "pixel_unshuffle: downscale_factor must be at least 1, got -1"),
                      rejects<ShapeError>(
                          [] {
                            return pixel_unshuffle(Array::zeros({1, 6, 4, 3}), 2);
                          },
                          "pixel_unshuffle: downscale_factor 2 does not divide both sides of "
                          "[1, 6, 4, 3]"),
                      rejects<ShapeError>(
                          [] {
                            return pixel_unshuffle(Array::zeros({4, 2, 2}), 2);
                          },
                          "pixel_unshuffle: expected an input (N, C, H, W) of rank 4, got [4, 2, 2]")},
       .gradients = linear_in_each,
       .tolerance = 0,
       .f32_tolerance = 0});
}

TEST_CASE("operator: channel_shuffle") {
  check_operator(
      {.name = "channel_shuffle",
       .sample =
           [](Generator& random) {
             const std::int64_t groups = random.between(1, 4);
             const std::int64_t per_group = random.between(1, 4);
             const Array x =
                 random.reals({random.between(1, 2), groups * per_group, random.between(1, 4), random.between(1, 5)});
             return Sample{
                 .function = [=](Inputs in) { return channel_shuffle(in[0], groups); },
                 .inputs = {x},
                 .expected = made_of(x.shape(),
                                     [&](const Index& i) {
                                       return element(x, {i[0], i[1] % groups * per_group + i[1] / groups, i[2], i[3]});
                                     }),
                 .options = "groups " + std::to_string(groups)};
           },
       .on_empty = {{[](Inputs in) { return channel_shuffle(in[0], 2); },
                     {Array::zeros({0, 4, 3, 5})},
                     Array::zeros({0, 4, 3, 5})},
                    {[](Inputs in) { return channel_shuffle(in[0], 2); },
                     {Array::zeros({2, 0, 3, 5})},
                     Array::zeros({2, 0, 3, 5})}},
       .rejections = {rejects<ValueError>(
                          [] {
                            return channel_shuffle(Array::zeros({1, 4, 2, 2}), 0);
                          },
                          "channel_shuffle: groups must be at least 1, got 0"),
                      rejects<ShapeError>(
                          [] {
                            return channel_shuffle(Array::zeros({1, 6, 4, 3}), 4);
                          },
                          "channel_shuffle: groups 4 does not divide the 6 channels of [1, 6, 4, 3]"),
                      rejects<ShapeError>(
                          [] {
                            return channel_shuffle(Array::zeros({4, 2, 2}), 2);
                          },
                          "channel_shuffle: expected an input (N, C, H, W) of rank 4, got [4, 2, 2]")},
       .gradients = linear_in_each,
       .tolerance = 0,
       .f32_tolerance = 0});
}

TEST_CASE("operator: interpolate") {
  const auto resize = [](const InterpolateOptions& options) {
    return [=] { return interpolate(Array::zeros({1, 2, 3, 5}), options); };
  };
  check_operator(
      {.name = "interpolate",
       .sample = interpolate_sample,
       .on_empty = {{[](Inputs in) {
                       return interpolate(in[0], {.scale_factor = 2, .mode = InterpolationMode::bilinear});
                     },
                     {Array::zeros({0, 3, 4, 5})},
                     Array::zeros({0, 3, 8, 10})}},
       .rejections =
           {rejects<ValueError>(resize({}), "interpolate: expected either a size or a scale_factor, got neither"),
            rejects<ValueError>(resize({.size = 2, .scale_factor = 2}),
                                "interpolate: expected either a size or a scale_factor, got both"),
            rejects<ValueError>(resize({.size = Pair(2, 0)}), "interpolate: size must be in [1, 16777216], got (2, 0)"),
            rejects<ValueError>(resize({.size = Pair(2, std::int64_t{1} << 60)}),
                                "interpolate: size must be in [1, 16777216], got (2, 1152921504606846976)"),
            rejects<ValueError>(resize({.scale_factor = ScaleFactor(2, -1)}),
                                "interpolate: scale_factor must be positive and finite, got (2, -1)"),
            rejects<ValueError>(resize({.scale_factor = ScaleFactor(0.25, 1)}),
                                "interpolate: 3 pixels times scale_factor 0.25 must be in [1, 16777216] (input "
                                "[1, 2, 3, 5])"),
            rejects<ValueError>(resize({.size = 2, .align_corners = true}),
                                "interpolate: align_corners requires mode bilinear"),
            rejects<ShapeError>(
                [] {
                  return interpolate(Array::zeros({1, 2, 0, 5}), {.size = 2});
                },
                "interpolate: expected images with channels and pixels, got [1, 2, 0, 5]"),
            rejects<ShapeError>(
                [] {
                  return interpolate(Array::zeros({2, 3, 5}), {.size = 2});
                },
                "interpolate: expected an input (N, C, H, W) of rank 4, got [2, 3, 5]"),
            rejects<DTypeError>(
                [] {
                  return interpolate(Array::zeros({1, 2, 3, 5}, DType::u8), {.size = 2});
                },
                "interpolate: expected f32 or f64, got u8")},
       .configurations = 100,
       .gradients = linear_in_each});
}

}  // namespace test_resampling
