#include <limits>

#include <tapestry/autograd/ops/shape/pad.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/conv_cases.hpp"
#include "kernels/execution.hpp"
#include "operators/suite.hpp"

namespace test_pad {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr PaddingMode modes[] = {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate,
                                 PaddingMode::circular};

Sample pad_sample(Generator& random) {
  const Array x = random.reals(random.shape(1, 4, 4));
  const Shape& shape = x.shape();
  const PaddingMode mode = modes[random.between(0, 3)];
  const double value = mode == PaddingMode::zeros && random.one_in(2) ? random.real(-2, 2) : 0;
  std::vector<std::int64_t> amounts;
  Shape padded = shape;
  const std::int64_t pairs = random.between(0, shape.rank());
  for (int axis = shape.rank() - 1; axis >= shape.rank() - pairs; --axis) {
    const std::int64_t size = shape[axis];
    // In mode zeros, one side may crop up to the whole axis while the other side adds it back.
    const std::int64_t least = mode == PaddingMode::zeros ? -size : 0;
    const std::int64_t most = mode == PaddingMode::reflect ? size - 1 : mode == PaddingMode::circular ? size : 2;
    const std::int64_t before = random.between(least, std::min<std::int64_t>(most, 2));
    const std::int64_t after = random.between(std::max(least, -size - before), std::min<std::int64_t>(most, 2));
    amounts.insert(amounts.end(), {before, after});
    padded = padded.with(axis, size + before + after);
  }
  const Array expected = made_of(padded, [&](const Index& index) {
    Index from = index;
    for (int axis = shape.rank() - 1; axis >= shape.rank() - pairs; --axis) {
      auto& at = from[static_cast<std::size_t>(axis)];
      at = padded_position(mode, at - amounts[static_cast<std::size_t>(2 * (shape.rank() - 1 - axis))], shape[axis]);
      if (at < 0) return value;
    }
    return element(x, from);
  });
  std::string options(to_string(mode));
  for (const std::int64_t amount : amounts) options += ' ' + std::to_string(amount);
  return {.function = [=](Inputs in) { return pad(in[0], amounts, mode, value); },
          .inputs = {x},
          .expected = expected,
          .options = options};
}

}  // namespace

// Elements are moved, not computed. Gradients are sums of at most 5⁴ of them: typically √625 roundings of the sum, 25 ·
// 2⁻²⁴ = 1.5e-6 in f32 and 25 · 2⁻⁵³ = 3e-15 in f64. In channels-last memory they are added in another order.
TEST_CASE("operator: pad") {
  const Array x = Array::zeros({2, 3, 4, 5});
  const auto rejected = [=](const std::vector<std::int64_t>& amounts, PaddingMode mode, double value = 0) {
    return [=] { return pad(x, amounts, mode, value); };
  };
  check_operator(
      {.name = "pad",
       .sample = pad_sample,
       .on_empty = {{[](Inputs in) {
                       return pad(in[0], {1, 2, 3, 4}, PaddingMode::reflect);
                     },
                     {Array::zeros({0, 3, 5, 4})},
                     Array::zeros({0, 3, 12, 7})},
                    {[](Inputs in) {
                       return pad(in[0], {-2, -3});
                     },
                     {Array::zeros({2, 5})},
                     Array::zeros({2, 0})},
                    {[](Inputs in) {
                       return pad(in[0], {1, 1});
                     },
                     {Array::zeros({2, 0})},
                     Array::zeros({2, 2})}},
       .rejections = {rejects<ValueError>(rejected({1, 2, 3}, PaddingMode::zeros),
                                          "pad: expected a pair of amounts per axis, got 3 amounts"),
                      rejects<ShapeError>(rejected(std::vector<std::int64_t>(10, 1), PaddingMode::zeros),
                                          "pad: got 5 pairs of amounts for [2, 3, 4, 5] of rank 4"),
                      rejects<ShapeError>(
                          rejected({0, 0, -2, -3}, PaddingMode::zeros),
                          "pad: the amounts (-2, -3) crop more than the size of axis 2 of [2, 3, 4, 5]"),
                      rejects<ShapeError>(rejected({std::numeric_limits<std::int64_t>::max(), 1}, PaddingMode::zeros),
                                          "pad: the size of axis 3 of [2, 3, 4, 5] padded by (9223372036854775807, 1) "
                                          "overflows int64"),
                      rejects<ValueError>(
                          rejected({1, -1}, PaddingMode::replicate),
                          "pad: padding mode replicate requires non-negative amounts, got (1, -1) for axis 3 of "
                          "[2, 3, 4, 5]"),
                      rejects<ValueError>(
                          rejected({4, 4, 3, 4}, PaddingMode::reflect),
                          "pad: padding mode reflect requires amounts smaller than the axis, got (3, 4) for axis 2 of "
                          "[2, 3, 4, 5]"),
                      rejects<ValueError>(
                          rejected({6, 0}, PaddingMode::circular),
                          "pad: padding mode circular requires amounts no larger than the axis, got (6, 0) for axis 3 "
                          "of [2, 3, 4, 5]"),
                      rejects<ValueError>(
                          [] {
                            return pad(Array::zeros({2, 0}), {0, 1}, PaddingMode::replicate);
                          },
                          "pad: padding mode replicate requires a nonempty axis, got (0, 1) for axis 1 of "
                          "[2, 0]"),
                      rejects<ValueError>(rejected({1, 1}, PaddingMode::circular, 2),
                                          "pad: padding mode circular does not accept a value, got 2"),
                      rejects<DTypeError>(
                          [] {
                            return pad(Array::zeros({2}, DType::i64), {1, 1});
                          },
                          "pad: expected f32 or f64, got i64")},
       .configurations = 60,
       .gradients = linear_in_each,
       .tolerance = 0,
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("pad extends a row according to its mode") {
  const Array x = f32({1, 4}, {1, 2, 3, 4});
  const auto padded = [&](PaddingMode mode, std::int64_t left, std::int64_t right, double value = 0) {
    return pad(x, {left, right}, mode, value).array().to_vector<float>();
  };
  REQUIRE(padded(PaddingMode::zeros, 2, 1, 7) == std::vector<float>{7, 7, 1, 2, 3, 4, 7});
  REQUIRE(padded(PaddingMode::zeros, -1, 1) == std::vector<float>{2, 3, 4, 0});
  REQUIRE(padded(PaddingMode::reflect, 3, 2) == std::vector<float>{4, 3, 2, 1, 2, 3, 4, 3, 2});
  REQUIRE(padded(PaddingMode::replicate, 2, 5) == std::vector<float>{1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4});
  REQUIRE(padded(PaddingMode::circular, 4, 3) == std::vector<float>{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3});
}

TEST_CASE("pad gives the same bits at any number of threads") {
  const Array x = Generator(1).reals({3, 40, 17, 23}).to(DType::f32);
  for (const PaddingMode mode : modes) {
    for (const Array& image : {x, in_channels_last(x)}) {
      const CheckedFunction function = [=](Inputs in) { return pad(in[0], {3, 4, 5, 2, 1, 1}, mode); };
      const ThreadCount one(1);
      const Evaluation wanted = evaluate(function, {image});
      for (int threads = 2; threads <= 4; ++threads) {
        set_num_threads(threads);
        require_close(evaluate(function, {image}), wanted, 0);
      }
    }
  }
}

}  // namespace test_pad
