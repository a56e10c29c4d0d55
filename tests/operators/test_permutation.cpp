// Reordering elements: permute, transpose, flip.
#include <string>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_permutation {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("operator: permute") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 5, 4));
    const std::vector<int> axes = some_axes(random, x.shape(), true);
    std::vector<std::int64_t> sizes;
    for (const int axis : axes) sizes.push_back(x.size(axis));
    return Sample{.function = [=](Inputs in) { return permute(in[0], axes); },
                  .inputs = {x},
                  .expected = made_of(Shape(sizes),
                                      [&](const Index& index) {
                                        Index from(index.size());
                                        for (std::size_t i = 0; i < axes.size(); ++i)
                                          from[static_cast<std::size_t>(x.shape().checked_axis(axes[i]))] = index[i];
                                        return element(x, from);
                                      }),
                  .options = in_words(axes)};
  };
  const auto some = [](const std::vector<int>& axes) { return [=] { return permute(zeros({2, 3, 4}), axes); }; };
  check_operator(moving(
      {.name = "permute",
       .sample = sample,
       .on_empty = {{[](Inputs in) {
                       return permute(in[0], {1, 2, 0});
                     },
                     {zeros({0, 3, 4})},
                     zeros({3, 4, 0})}},
       .rejections = {
           rejects<ShapeError>(some({0, 1}), "permute: expected each axis of [2, 3, 4] exactly once, got [0, 1]"),
           rejects<ShapeError>(some({0, 1, -3}), "permute: axis -3 of [2, 3, 4] is listed twice in [0, 1, -3]"),
           rejects<ShapeError>(some({0, 1, 3}), "shape: axis 3 is out of range for [2, 3, 4] of rank 3")}}));
}

TEST_CASE("operator: transpose") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 5));
    const int a = random.axis(x.shape()), b = random.axis(x.shape());
    const auto first = static_cast<std::size_t>(x.shape().checked_axis(a));
    const auto second = static_cast<std::size_t>(x.shape().checked_axis(b));
    const Shape shape = x.shape().with(a, x.size(b)).with(b, x.size(a));
    return Sample{.function = [=](Inputs in) { return transpose(in[0], a, b); },
                  .inputs = {x},
                  .expected = made_of(shape,
                                      [&](Index index) {
                                        std::swap(index[first], index[second]);
                                        return element(x, index);
                                      }),
                  .options = in_words({a, b})};
  };
  check_operator(
      moving({.name = "transpose",
              .sample = sample,
              .on_empty = {{[](Inputs in) { return transpose(in[0], 0, 1); }, {zeros({0, 3})}, zeros({3, 0})}},
              .rejections = {rejects<ShapeError>(
                  [] {
                    return transpose(zeros({2, 3}), 0, 2);
                  },
                  "shape: axis 2 is out of range for [2, 3] of rank 2")}}));
}

TEST_CASE("large permutations move every element to its place") {
  Generator random(1);
  const Array x = random.integers({3, 70, 67, 41});
  const Array image = in_channels_last(x);
  for (const std::vector<int>& axes : {std::vector<int>{0, 2, 3, 1}, {0, 3, 1, 2}, {3, 2, 1, 0}, {2, 0, 3, 1}}) {
    INFO(in_words(axes));
    const Array result = permute(x, axes).array();
    require_equal(permute(image, axes).array(), result);
    std::vector<int> back(4);
    for (std::size_t i = 0; i < 4; ++i) back[static_cast<std::size_t>(axes[i])] = static_cast<int>(i);
    require_equal(permute(result, back).array(), x);
    for (int i = 0; i < 50; ++i) {
      Index index(4);
      for (int axis = 0; axis < 4; ++axis) index[static_cast<std::size_t>(axis)] = random.between(0, x.size(axis) - 1);
      const auto at = [&](std::size_t place) { return index[static_cast<std::size_t>(axes[place])]; };
      REQUIRE(result.at({at(0), at(1), at(2), at(3)}) == x.at({index[0], index[1], index[2], index[3]}));
    }
  }
}

TEST_CASE("images with contiguous channels become channels-last") {
  const Array pixels = Generator(1).reals({2, 5, 7, 3});
  REQUIRE(permute(pixels, {0, 3, 1, 2}).array().format() == MemoryFormat::channels_last);
  REQUIRE(permute(pixels, {0, 1, 3, 2}).array().format() == MemoryFormat::row_major);
}

TEST_CASE("operator: flip") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 5));
    const std::vector<int> axes = some_axes(random, x.shape());
    return Sample{.function = [=](Inputs in) { return flip(in[0], axes); },
                  .inputs = {x},
                  .expected = made_of(x.shape(),
                                      [&](Index index) {
                                        for (const int axis : axes) {
                                          auto& at = index[static_cast<std::size_t>(x.shape().checked_axis(axis))];
                                          at = x.size(axis) - 1 - at;
                                        }
                                        return element(x, index);
                                      }),
                  .options = in_words(axes)};
  };
  check_operator(moving({.name = "flip",
                         .sample = sample,
                         .on_empty = {{[](Inputs in) {
                                         return flip(in[0], {0, 1});
                                       },
                                       {zeros({0, 3})},
                                       zeros({0, 3})}},
                         .rejections = {rejects<ShapeError>(
                                            [] {
                                              return flip(zeros({2, 3}), {1, -1});
                                            },
                                            "flip: axis -1 of [2, 3] is listed twice in [1, -1]"),
                                        rejects<ShapeError>(
                                            [] {
                                              return flip(zeros({2, 3}), {2});
                                            },
                                            "shape: axis 2 is out of range for [2, 3] of rank 2")}}));
}

}  // namespace test_permutation
