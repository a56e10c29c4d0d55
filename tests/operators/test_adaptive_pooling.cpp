// Adaptive pooling.
#include <algorithm>

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/pool2d_cases.hpp"
#include "operators/suite.hpp"

namespace test_adaptive_pooling {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// As for max_pool2d: steps that move no maximum, and sums of up to 2000 numbers below 2000.
constexpr GradcheckOptions in_place = {.step = 0.25, .atol = 1e-9, .rtol = 1e-11};

Shape made_up_images(Generator& random) {
  return {random.between(1, 2), random.between(1, 9), random.between(1, 11), random.between(1, 7)};
}

Pair random_size(Generator& random) {
  return {random.between(1, 8), random.between(1, 9)};
}

std::string describe(Pair size) {
  return "size " + std::to_string(size.height) + "x" + std::to_string(size.width);
}

/// Calls `body(row, column)` for the pixels of an adaptive window, in row-major order: from ⌊i·H / H′⌋ to before
/// ⌈(i + 1)·H / H′⌉, in whole numbers.
template <class Body>
void for_each_pixel(const Array& x, Pair size, const Index& index, const Body& body) {
  const auto is_in = [](std::int64_t pixel, std::int64_t in, std::int64_t out, std::int64_t window) {
    return (pixel + 1) * out > window * in && pixel * out < (window + 1) * in;
  };
  for (std::int64_t row = 0; row < x.size(2); ++row) {
    for (std::int64_t column = 0; column < x.size(3); ++column) {
      if (is_in(row, x.size(2), size.height, index[2]) && is_in(column, x.size(3), size.width, index[3]))
        body(row, column);
    }
  }
}

std::int64_t argmax(const Array& x, Pair size, const Index& index) {
  std::int64_t best = -1;
  double largest = 0;
  for_each_pixel(x, size, index, [&](std::int64_t row, std::int64_t column) {
    const double value = element(x, {index[0], index[1], row, column});
    if (best >= 0 && value <= largest) return;
    best = row * x.size(3) + column;
    largest = value;
  });
  return best;
}

Array maxima(const Array& x, Pair size) {
  return made_of({x.size(0), x.size(1), size.height, size.width}, [&](const Index& index) {
    const std::int64_t best = argmax(x, size, index);
    return element(x, {index[0], index[1], best / x.size(3), best % x.size(3)});
  });
}

Array averages(const Array& x, Pair size) {
  return made_of({x.size(0), x.size(1), size.height, size.width}, [&](const Index& index) {
    double sum = 0;
    double pixels = 0;
    for_each_pixel(x, size, index, [&](std::int64_t row, std::int64_t column) {
      sum += element(x, {index[0], index[1], row, column});
      ++pixels;
    });
    return sum / pixels;
  });
}

std::vector<Rejection> rejections_of(const std::string& name, const std::function<Tensor(const Tensor&, Pair)>& pool) {
  const auto text = [&](const std::string& rest) { return name + ": " + rest; };
  const std::int64_t absurd = std::int64_t{1} << 40;
  return {rejects<ValueError>(
              [=] {
                return pool(Array::zeros({1, 1, 2, 2}), Pair(0, 3));
              },
              text("output_size must be in [1, 65536], got (0, 3)")),
          rejects<ValueError>(
              [=] {
                return pool(Array::zeros({1, 1, 2, 2}), Pair(1, absurd));
              },
              text("output_size must be in [1, 65536], got (1, 1099511627776)")),
          rejects<ShapeError>(
              [=] {
                return pool(Array::zeros({1, 2, 0, 3}), 1);
              },
              text("expected images with channels and pixels, got [1, 2, 0, 3]")),
          rejects<ShapeError>(
              [=] {
                return pool(Array::zeros({2, 3, 3}), 1);
              },
              text("expected an input (N, C, H, W) of rank 4, got [2, 3, 3]")),
          rejects<DTypeError>(
              [=] {
                return pool(Array::zeros({1, 1, 2, 2}, DType::i64), 1);
              },
              text("expected f32 or f64, got i64"))};
}

std::vector<Rejection> global_rejections_of(const std::string& name, Tensor (*pool)(const Tensor&)) {
  return {rejects<ShapeError>(
              [=] {
                return pool(Array::zeros({2, 3, 0, 7}));
              },
              name + ": expected images with channels and pixels, got [2, 3, 0, 7]"),
          rejects<ShapeError>(
              [=] {
                return pool(Array::zeros({2, 3, 7}));
              },
              name + ": expected an input (N, C, H, W) of rank 4, got [2, 3, 7]"),
          rejects<DTypeError>(
              [=] {
                return pool(Array::zeros({1, 1, 2, 2}, DType::u8));
              },
              name + ": expected f32 or f64, got u8")};
}

}  // namespace

TEST_CASE("operator: adaptive_avg_pool2d") {
  check_operator({.name = "adaptive_avg_pool2d",
                  .sample =
                      [](Generator& random) {
                        const Array x = random.reals(made_up_images(random));
                        const Pair size = random_size(random);
                        return Sample{.function = [=](Inputs in) { return adaptive_avg_pool2d(in[0], size); },
                                      .inputs = {x},
                                      .expected = averages(x, size),
                                      .options = describe(size)};
                      },
                  .on_empty = {{[](Inputs in) { return adaptive_avg_pool2d(in[0], Pair(2, 9)); },
                                {Array::zeros({0, 3, 6, 7})},
                                Array::zeros({0, 3, 2, 9})}},
                  .rejections = rejections_of("adaptive_avg_pool2d", adaptive_avg_pool2d),
                  .configurations = 60,
                  .gradients = linear_in_each});
}

TEST_CASE("operator: adaptive_max_pool2d") {
  check_operator({.name = "adaptive_max_pool2d",
                  .sample =
                      [](Generator& random) {
                        const Array x = distinct(made_up_images(random));
                        const Pair size = random_size(random);
                        return Sample{.function = [=](Inputs in) { return adaptive_max_pool2d(in[0], size); },
                                      .inputs = {x},
                                      .expected = maxima(x, size),
                                      .options = describe(size)};
                      },
                  .on_empty = {{[](Inputs in) { return adaptive_max_pool2d(in[0], Pair(2, 9)); },
                                {Array::zeros({0, 3, 6, 7})},
                                Array::zeros({0, 3, 2, 9})}},
                  .rejections = rejections_of("adaptive_max_pool2d", adaptive_max_pool2d),
                  .configurations = 60,
                  .gradients = in_place,
                  .tolerance = 0});
}

TEST_CASE("operator: adaptive_max_pool2d_with_indices") {
  check_operator(
      {.name = "adaptive_max_pool2d_with_indices",
       .sample =
           [](Generator& random) {
             const Array x = distinct(made_up_images(random));
             const Pair size = random_size(random);
             return Sample{.function =
                               [=](Inputs in) {
                                 const auto result = adaptive_max_pool2d_with_indices(in[0], size);
                                 require_equal(result.values.array(), adaptive_max_pool2d(in[0], size).array());
                                 return Tensor(result.indices);
                               },
                           .inputs = {x},
                           .expected = made_of({x.size(0), x.size(1), size.height, size.width},
                                               [&](const Index& index) { return argmax(x, size, index); }),
                           .options = describe(size)};
           },
       .on_empty = {{[](Inputs in) { return Tensor(adaptive_max_pool2d_with_indices(in[0], Pair(2, 9)).indices); },
                     {Array::zeros({0, 3, 6, 7})},
                     Array::zeros({0, 3, 2, 9})}},
       .rejections = {rejects<ValueError>(
           [] {
             return adaptive_max_pool2d_with_indices(Array::zeros({1, 1, 2, 2}), 0).values;
           },
           "adaptive_max_pool2d: output_size must be in [1, 65536], got (0, 0)")},
       .is_differentiable = false,
       .tolerance = 0});
}

TEST_CASE("operator: global_avg_pool2d") {
  check_operator({.name = "global_avg_pool2d",
                  .sample =
                      [](Generator& random) {
                        const Array x = random.reals(made_up_images(random));
                        return Sample{.function = [](Inputs in) { return global_avg_pool2d(in[0]); },
                                      .inputs = {x},
                                      .expected = averages(x, 1)};
                      },
                  .on_empty = {{[](Inputs in) { return global_avg_pool2d(in[0]); },
                                {Array::zeros({0, 3, 6, 7})},
                                Array::zeros({0, 3, 1, 1})}},
                  .rejections = global_rejections_of("global_avg_pool2d", global_avg_pool2d),
                  .gradients = linear_in_each,
                  // In double precision and in memory order.
                  .format_tolerance = 1e-14});
}

TEST_CASE("operator: global_max_pool2d") {
  check_operator({.name = "global_max_pool2d",
                  .sample =
                      [](Generator& random) {
                        const Array x = distinct(made_up_images(random));
                        return Sample{.function = [](Inputs in) { return global_max_pool2d(in[0]); },
                                      .inputs = {x},
                                      .expected = maxima(x, 1)};
                      },
                  .on_empty = {{[](Inputs in) { return global_max_pool2d(in[0]); },
                                {Array::zeros({0, 3, 6, 7})},
                                Array::zeros({0, 3, 1, 1})}},
                  .rejections = global_rejections_of("global_max_pool2d", global_max_pool2d),
                  .gradients = in_place,
                  .tolerance = 0});
}

}  // namespace test_adaptive_pooling
