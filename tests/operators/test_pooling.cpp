#include <cmath>

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/pool2d_cases.hpp"
#include "operators/suite.hpp"

namespace test_pooling {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Values differ by at least 1, so that a step of 1/4 moves no maximum: differences are exact except for
/// the rounding of sums of up to 2000 numbers below 2000, 4e6 · 2⁻⁵³ / 0.5 = 1e-9.
constexpr GradcheckOptions in_place = {.step = 0.25, .atol = 1e-9, .rtol = 1e-11};

MaxPool2dOptions max_options(const PoolCase& p) {
  return {.kernel_size = p.kernel,
          .stride = p.stride,
          .padding = p.padding,
          .dilation = p.dilation,
          .ceil_mode = p.ceil_mode};
}

MaxPool1dOptions max_options_1d(const PoolCase& p) {
  return {.kernel_size = p.kernel.width,
          .stride = p.stride.width,
          .padding = p.padding.width,
          .dilation = p.dilation.width,
          .ceil_mode = p.ceil_mode};
}

/// The image plane of an index of the result: (N, C, H, W), or (N, C, L) as one row.
struct Place {
  std::int64_t sample, channel, row, column;
};

Place place_of(const Index& index) {
  if (index.size() == 3) return {index[0], index[1], 0, index[2]};
  return {index[0], index[1], index[2], index[3]};
}

double pixel(const Array& x, const Place& place, std::int64_t row, std::int64_t column) {
  if (x.rank() == 3) return element(x, {place.sample, place.channel, column});
  return element(x, {place.sample, place.channel, row, column});
}

/// The first maximum of a window, as row · W + column.
std::int64_t argmax(const PoolCase& p, const Array& x, const Index& index) {
  const Place place = place_of(index);
  std::int64_t best = -1;
  for_each_pixel(p, place.row, place.column, [&](std::int64_t row, std::int64_t column) {
    if (best < 0 || pixel(x, place, row, column) > pixel(x, place, best / p.width, best % p.width))
      best = row * p.width + column;
  });
  return best;
}

Array maxima(const PoolCase& p, const Array& x, const Shape& shape) {
  return made_of(shape, [&](const Index& index) {
    const std::int64_t best = argmax(p, x, index);
    return pixel(x, place_of(index), best / p.width, best % p.width);
  });
}

Array argmaxima(const PoolCase& p, const Array& x, const Shape& shape) {
  return made_of(shape, [&](const Index& index) { return argmax(p, x, index); });
}

/// The mean over a window, divided by its cells on the image or, with padding, on the padded image.
Array averages(const PoolCase& p, const Array& x, const Shape& shape, bool count_include_pad, std::int64_t divisor) {
  return made_of(shape, [&](const Index& index) {
    const Place place = place_of(index);
    double sum = 0;
    std::int64_t pixels = 0;
    for_each_pixel(p, place.row, place.column, [&](std::int64_t row, std::int64_t column) {
      sum += pixel(x, place, row, column);
      ++pixels;
    });
    std::int64_t cells = 0;
    for (std::int64_t r = 0; r < p.kernel.height; ++r) {
      for (std::int64_t s = 0; s < p.kernel.width; ++s) {
        cells += place.row * p.stride.height + r < p.height + 2 * p.padding.height &&
                 place.column * p.stride.width + s < p.width + 2 * p.padding.width;
      }
    }
    if (divisor > 0) return sum / static_cast<double>(divisor);
    return sum / static_cast<double>(count_include_pad ? cells : pixels);
  });
}

Shape pooled(const PoolCase& p) {
  return {p.batch, p.channels, out_height(p), out_width(p)};
}
Shape sequence(const PoolCase& p) {
  return {p.batch, p.channels, p.width};
}
Shape pooled_sequence(const PoolCase& p) {
  return {p.batch, p.channels, out_width(p)};
}

}  // namespace

TEST_CASE("operator: max_pool1d") {
  const auto pool = [](const Shape& shape, const MaxPool1dOptions& options) {
    return [=] { return max_pool1d(Array::zeros(shape), options); };
  };
  check_operator(
      {.name = "max_pool1d",
       .sample =
           [](Generator& random) {
             const PoolCase p = random_sequence_case(random, true);
             const Array x = distinct(sequence(p));
             return Sample{.function = [=](Inputs in) { return max_pool1d(in[0], max_options_1d(p)); },
                           .inputs = {x},
                           .expected = maxima(p, x, pooled_sequence(p)),
                           .options = describe(p)};
           },
       .on_empty = {{[](Inputs in) { return max_pool1d(in[0], {.kernel_size = 2}); },
                     {Array::zeros({0, 3, 7})},
                     Array::zeros({0, 3, 3})}},
       .rejections = {rejects<ValueError>(pool({1, 2, 5}, {.kernel_size = 0}),
                                          "max_pool1d: kernel_size must be at least 1, got 0"),
                      rejects<ValueError>(pool({1, 2, 5}, {.kernel_size = 1, .stride = 0}),
                                          "max_pool1d: stride must be at least 1, got 0"),
                      rejects<ValueError>(pool({1, 2, 5}, {.kernel_size = 1, .padding = -1}),
                                          "max_pool1d: padding must be at least 0, got -1"),
                      rejects<ValueError>(pool({1, 2, 5}, {.kernel_size = 1, .dilation = 0}),
                                          "max_pool1d: dilation must be at least 1, got 0"),
                      rejects<ShapeError>(pool({1, 2, 5}, {.kernel_size = 3, .padding = 2}),
                                          "max_pool1d: along the length padding 2 is more than half of the 3 that the "
                                          "kernel covers (size 3, dilation 1)"),
                      rejects<ShapeError>(pool({1, 2, 5}, {.kernel_size = 4, .dilation = 2}),
                                          "max_pool1d: along the length the kernel covers 7 (size 4, dilation 2), the "
                                          "padded input has 5 (size 5, padding 0)"),
                      rejects<ShapeError>(pool({1, 0, 5}, {.kernel_size = 1}),
                                          "max_pool1d: expected an input with channels and elements, got [1, 0, 5]"),
                      rejects<ShapeError>(pool({2, 5}, {.kernel_size = 1}),
                                          "max_pool1d: expected an input (N, C, L) of rank 3, got [2, 5]"),
                      rejects<DTypeError>(
                          [] {
                            return max_pool1d(Array::zeros({1, 1, 2}, DType::i64), {.kernel_size = 1});
                          },
                          "max_pool1d: expected f32 or f64, got i64")},
       .gradients = in_place,
       .tolerance = 0});
}

TEST_CASE("operator: max_pool1d_with_indices") {
  check_operator(
      {.name = "max_pool1d_with_indices",
       .sample =
           [](Generator& random) {
             const PoolCase p = random_sequence_case(random, true);
             const Array x = distinct(sequence(p));
             return Sample{.function =
                               [=](Inputs in) {
                                 const auto result = max_pool1d_with_indices(in[0], max_options_1d(p));
                                 require_equal(result.values.array(), max_pool1d(in[0], max_options_1d(p)).array());
                                 return Tensor(result.indices);
                               },
                           .inputs = {x},
                           .expected = argmaxima(p, x, pooled_sequence(p)),
                           .options = describe(p)};
           },
       .on_empty = {{[](Inputs in) { return Tensor(max_pool1d_with_indices(in[0], {.kernel_size = 2}).indices); },
                     {Array::zeros({0, 3, 7})},
                     Array::zeros({0, 3, 3})}},
       .rejections = {rejects<ValueError>(
           [] {
             return max_pool1d_with_indices(Array::zeros({1, 1, 2}), {.kernel_size = 0}).values;
           },
           "max_pool1d: kernel_size must be at least 1, got 0")},
       .is_differentiable = false,
       .tolerance = 0});
}

TEST_CASE("operator: max_pool2d") {
  const CheckedFunction by_two = [](Inputs in) { return max_pool2d(in[0], {.kernel_size = 2}); };
  check_operator({.name = "max_pool2d",
                  .sample =
                      [](Generator& random) {
                        const PoolCase p = random_pool_case(random, true);
                        const Array x = distinct(p.shape());
                        return Sample{.function = [=](Inputs in) { return max_pool2d(in[0], max_options(p)); },
                                      .inputs = {x},
                                      .expected = maxima(p, x, pooled(p)),
                                      .options = describe(p)};
                      },
                  .on_empty = {{by_two, {Array::zeros({0, 3, 6, 7})}, Array::zeros({0, 3, 3, 3})}},
                  .rejections = {rejects<DTypeError>(
                      [] {
                        return max_pool2d(Array::zeros({1, 1, 2, 2}, DType::u8), {.kernel_size = 1});
                      },
                      "max_pool2d: expected f32 or f64, got u8")},
                  .configurations = 60,
                  .gradients = in_place,
                  .tolerance = 0});
}

TEST_CASE("operator: max_pool2d_with_indices") {
  check_operator(
      {.name = "max_pool2d_with_indices",
       .sample =
           [](Generator& random) {
             const PoolCase p = random_pool_case(random, true);
             const Array x = distinct(p.shape());
             return Sample{.function =
                               [=](Inputs in) {
                                 const auto result = max_pool2d_with_indices(in[0], max_options(p));
                                 require_equal(result.values.array(), max_pool2d(in[0], max_options(p)).array());
                                 return Tensor(result.indices);
                               },
                           .inputs = {x},
                           .expected = argmaxima(p, x, pooled(p)),
                           .options = describe(p)};
           },
       .on_empty = {{[](Inputs in) { return Tensor(max_pool2d_with_indices(in[0], {.kernel_size = 2}).indices); },
                     {Array::zeros({0, 3, 6, 7})},
                     Array::zeros({0, 3, 3, 3})}},
       .rejections = {rejects<ValueError>(
           [] {
             return max_pool2d_with_indices(Array::zeros({1, 1, 2, 2}), {.kernel_size = 0}).values;
           },
           "max_pool2d: kernel_size must be at least 1, got (0, 0)")},
       .configurations = 60,
       .is_differentiable = false,
       .tolerance = 0});
}

TEST_CASE("operator: avg_pool1d") {
  check_operator({.name = "avg_pool1d",
                  .sample =
                      [](Generator& random) {
                        const PoolCase p = random_sequence_case(random, false);
                        const AvgPool1dOptions options = {.kernel_size = p.kernel.width,
                                                          .stride = p.stride.width,
                                                          .padding = p.padding.width,
                                                          .ceil_mode = p.ceil_mode,
                                                          .count_include_pad = random.one_in(2)};
                        const Array x = random.reals(sequence(p));
                        return Sample{.function = [=](Inputs in) { return avg_pool1d(in[0], options); },
                                      .inputs = {x},
                                      .expected = averages(p, x, pooled_sequence(p), options.count_include_pad, 0),
                                      .options = describe(p)};
                      },
                  .on_empty = {{[](Inputs in) { return avg_pool1d(in[0], {.kernel_size = 2}); },
                                {Array::zeros({0, 3, 7})},
                                Array::zeros({0, 3, 3})}},
                  .rejections = {rejects<ValueError>(
                                     [] {
                                       return avg_pool1d(Array::zeros({1, 1, 2}), {.kernel_size = 1, .stride = 0});
                                     },
                                     "avg_pool1d: stride must be at least 1, got 0"),
                                 rejects<DTypeError>(
                                     [] {
                                       return avg_pool1d(Array::zeros({1, 1, 2}, DType::i64), {.kernel_size = 1});
                                     },
                                     "avg_pool1d: expected f32 or f64, got i64")},
                  .gradients = linear_in_each});
}

TEST_CASE("operator: avg_pool2d") {
  check_operator(
      {.name = "avg_pool2d",
       .sample =
           [](Generator& random) {
             const PoolCase p = random_pool_case(random, false);
             const std::int64_t divisor = random.one_in(4) ? random.between(1, 9) : 0;
             AvgPool2dOptions options = {.kernel_size = p.kernel,
                                         .stride = p.stride,
                                         .padding = p.padding,
                                         .ceil_mode = p.ceil_mode,
                                         .count_include_pad = random.one_in(2)};
             if (divisor > 0) options.divisor_override = divisor;
             const Array x = random.reals(p.shape());
             return Sample{.function = [=](Inputs in) { return avg_pool2d(in[0], options); },
                           .inputs = {x},
                           .expected = averages(p, x, pooled(p), options.count_include_pad, divisor),
                           .options = describe(p)};
           },
       .on_empty = {{[](Inputs in) { return avg_pool2d(in[0], {.kernel_size = 2}); },
                     {Array::zeros({0, 3, 6, 7})},
                     Array::zeros({0, 3, 3, 3})}},
       .rejections = {rejects<ValueError>(
                          [] {
                            return avg_pool2d(Array::zeros({1, 1, 2, 2}), {.kernel_size = 1, .divisor_override = 0});
                          },
                          "avg_pool2d: divisor_override must be at least 1, got 0"),
                      rejects<DTypeError>(
                          [] {
                            return avg_pool2d(Array::zeros({1, 1, 2, 2}, DType::u8), {.kernel_size = 1});
                          },
                          "avg_pool2d: expected f32 or f64, got u8")},
       .configurations = 60,
       .gradients = linear_in_each});
}

}  // namespace test_pooling
