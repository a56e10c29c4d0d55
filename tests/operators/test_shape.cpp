#include <string>

#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Shape shape_of(const std::vector<std::int64_t>& sizes) {
  return Shape(std::span<const std::int64_t>(sizes));
}

std::string in_words(const std::vector<int>& axes) {
  std::string text = "axes";
  for (const int axis : axes) text += " " + std::to_string(axis);
  return text;
}

/// Some of the axes of a shape in any order, some counted from the end.
std::vector<int> some_axes(Generator& random, const Shape& shape, std::int64_t one_out_of) {
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (random.one_in(one_out_of)) continue;
    const auto place = axes.begin() + random.between(0, static_cast<std::int64_t>(axes.size()));
    axes.insert(place, random.one_in(2) ? axis : axis - shape.rank());
  }
  return axes;
}

/// The entry of an operator that moves elements and nothing else.
OperatorEntry moving(OperatorEntry entry) {
  entry.gradients = linear_in_each;
  entry.tolerance = 0;
  entry.f32_tolerance = 0;
  return entry;
}

Array zeros(const Shape& shape) {
  return Array::zeros(shape);
}

}  // namespace

TEST_CASE("operator: reshape") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const std::int64_t first = x.size(0);
    return Sample{.function =
                      [=](Inputs in) {
                        return reshape(in[0], {-1, first});
                      },
                  .inputs = {x},
                  .expected = Array::from({x.numel() / first, first}, x.to_vector<double>())};
  };
  check_operator(moving({.name = "reshape",
                         .sample = sample,
                         .on_nothing = {{[](Inputs in) {
                                           return reshape(in[0], {3, -1});
                                         },
                                         {zeros({0, 3})},
                                         zeros({3, 0})}},
                         .refusals = {refuses<ShapeError>(
                                          [] {
                                            return reshape(zeros({2, 3}), {4, -1});
                                          },
                                          "reshape: [2, 3] has 6 elements, [4, -1] does not"),
                                      refuses<ShapeError>(
                                          [] {
                                            return reshape(zeros({2, 3}), Shape{7});
                                          },
                                          "reshape: [2, 3] has 6 elements, [7] does not"),
                                      refuses<ShapeError>(
                                          [] {
                                            return reshape(zeros({2, 3}), {-1, -1});
                                          },
                                          "reshape: only one size may be -1, got [-1, -1]")}}));
}

TEST_CASE("operator: flatten") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const int first = random.axis(x.shape());
    const int begin = x.shape().checked_axis(first);
    const int end = static_cast<int>(random.between(begin, x.rank() - 1));
    std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().begin() + begin);
    sizes.push_back(1);
    for (int axis = begin; axis <= end; ++axis) sizes.back() *= x.size(axis);
    sizes.insert(sizes.end(), x.shape().begin() + end + 1, x.shape().end());
    return Sample{.function = [=](Inputs in) { return flatten(in[0], first, end); },
                  .inputs = {x},
                  .expected = Array::from(shape_of(sizes), x.to_vector<double>()),
                  .options = in_words({first, end})};
  };
  const auto images = [](int first, int last) { return [=] { return flatten(zeros({2, 3, 4, 5}), first, last); }; };
  check_operator(
      moving({.name = "flatten",
              .sample = sample,
              .on_nothing = {{[](Inputs in) { return flatten(in[0], 1); }, {zeros({0, 3, 4})}, zeros({0, 12})}},
              .refusals = {refuses<ShapeError>(images(-1, 1), "flatten: axis -1 comes after axis 1 in [2, 3, 4, 5]"),
                           refuses<ShapeError>(images(4, -1), "shape: no axis 4 in [2, 3, 4, 5] of rank 4")}}));
}

TEST_CASE("flatten joins all axes unless told otherwise and makes a vector of a scalar") {
  REQUIRE(flatten(zeros({2, 3, 4, 5})).shape() == Shape{120});
  REQUIRE(flatten(Array::scalar(1)).shape() == Shape{1});
}

TEST_CASE("operator: permute") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 5, 4));
    const std::vector<int> axes = some_axes(random, x.shape(), 1000);
    std::vector<std::int64_t> sizes;
    for (const int axis : axes) sizes.push_back(x.size(axis));
    return Sample{.function = [=](Inputs in) { return permute(in[0], axes); },
                  .inputs = {x},
                  .expected = made_of(shape_of(sizes),
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
       .on_nothing = {{[](Inputs in) {
                         return permute(in[0], {1, 2, 0});
                       },
                       {zeros({0, 3, 4})},
                       zeros({3, 4, 0})}},
       .refusals = {refuses<ShapeError>(some({0, 1}), "permute: expected every axis of [2, 3, 4] once, got [0, 1]"),
                    refuses<ShapeError>(some({0, 1, -3}), "permute: axis -3 of [2, 3, 4] comes twice in [0, 1, -3]"),
                    refuses<ShapeError>(some({0, 1, 3}), "shape: no axis 3 in [2, 3, 4] of rank 3")}}));
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
              .on_nothing = {{[](Inputs in) { return transpose(in[0], 0, 1); }, {zeros({0, 3})}, zeros({3, 0})}},
              .refusals = {refuses<ShapeError>(
                  [] {
                    return transpose(zeros({2, 3}), 0, 2);
                  },
                  "shape: no axis 2 in [2, 3] of rank 2")}}));
}

TEST_CASE("large permutations take every element to its place") {
  Generator random(1);
  const Array x = random.whole_numbers({3, 70, 67, 41});
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

TEST_CASE("pixels whose channels lie side by side become a channels-last image") {
  const Array pixels = Generator(1).reals({2, 5, 7, 3});
  REQUIRE(permute(pixels, {0, 3, 1, 2}).array().format() == MemoryFormat::channels_last);
  REQUIRE(permute(pixels, {0, 1, 3, 2}).array().format() == MemoryFormat::row_major);
}

TEST_CASE("operator: flip") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 5));
    const std::vector<int> axes = some_axes(random, x.shape(), 2);
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
                         .on_nothing = {{[](Inputs in) {
                                           return flip(in[0], {0, 1});
                                         },
                                         {zeros({0, 3})},
                                         zeros({0, 3})}},
                         .refusals = {refuses<ShapeError>(
                                          [] {
                                            return flip(zeros({2, 3}), {1, -1});
                                          },
                                          "flip: axis -1 of [2, 3] comes twice in [1, -1]"),
                                      refuses<ShapeError>(
                                          [] {
                                            return flip(zeros({2, 3}), {2});
                                          },
                                          "shape: no axis 2 in [2, 3] of rank 2")}}));
}

TEST_CASE("operator: expand") {
  const auto sample = [](Generator& random) {
    const Shape whole = random.shape(0, 4, 4);
    const Array x = random.reals(random.broadcastable(whole));
    std::vector<std::int64_t> sizes(whole.begin(), whole.end());
    for (int axis = 1; axis <= x.rank(); ++axis) {
      if (x.size(-axis) == whole[-axis] && random.one_in(2)) sizes[sizes.size() - static_cast<std::size_t>(axis)] = -1;
    }
    return Sample{.function = [=](Inputs in) { return expand(in[0], sizes); },
                  .inputs = {x},
                  .expected = made_of(whole, [&](const Index& index) {
                    return x.data<double>()[broadcast_position(index, x.shape())];
                  })};
  };
  const auto some = [](const std::vector<std::int64_t>& sizes) { return [=] { return expand(zeros({3, 1}), sizes); }; };
  OperatorEntry entry =
      moving({.name = "expand",
              .sample = sample,
              .on_nothing = {{[](Inputs in) {
                                return expand(in[0], {0, -1, 4});
                              },
                              {zeros({3, 1})},
                              zeros({0, 3, 4})},
                             {[](Inputs in) {
                                return expand(in[0], {2, -1});
                              },
                              {zeros({0})},
                              zeros({2, 0})}},
              .refusals = {refuses<ShapeError>(some({4, 2}), "expand: [3, 1] does not expand to [4, 2]"),
                           refuses<ShapeError>(some({3}), "expand: [3, 1] does not expand to [3]"),
                           refuses<ShapeError>(some({-1, 3, 2}), "expand: [3, 1] does not expand to [-1, 3, 2]"),
                           refuses<ShapeError>(some({3, -2}), "expand: [3, 1] does not expand to [3, -2]")}});
  // A gradient is a sum of up to 256 terms, in an order that depends on the format.
  entry.f32_tolerance = 1e-5;
  entry.format_tolerance = 1e-13;
  check_operator(entry);
}

TEST_CASE("operator: squeeze") {
  const auto sample = [](Generator& random) {
    Shape shape = random.shape(0, 5, 3);
    for (int axis = 0; axis < shape.rank(); ++axis) shape = random.one_in(2) ? shape.with(axis, 1) : shape;
    const Array x = random.reals(shape);
    const bool takes_all = random.one_in(3);
    const std::vector<int> axes = some_axes(random, shape, takes_all ? 1000 : 2);
    std::vector<bool> named(static_cast<std::size_t>(shape.rank()), false);
    for (const int axis : axes) named[static_cast<std::size_t>(shape.checked_axis(axis))] = true;
    std::vector<std::int64_t> sizes;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != 1 || !named[static_cast<std::size_t>(axis)]) sizes.push_back(shape[axis]);
    }
    return Sample{.function = [=](Inputs in) { return takes_all ? squeeze(in[0]) : squeeze(in[0], axes); },
                  .inputs = {x},
                  .expected = Array::from(shape_of(sizes), x.to_vector<double>()),
                  .options = in_words(axes)};
  };
  check_operator(
      moving({.name = "squeeze",
              .sample = sample,
              .on_nothing = {{[](Inputs in) { return squeeze(in[0], 1); }, {zeros({0, 1, 4})}, zeros({0, 4})}},
              .refusals = {refuses<ShapeError>(
                  [] {
                    return squeeze(zeros({2, 1}), 2);
                  },
                  "shape: no axis 2 in [2, 1] of rank 2")}}));
}

TEST_CASE("operator: unsqueeze") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(0, 4, 4));
    const int place = static_cast<int>(random.between(0, x.rank()));
    const int axis = random.one_in(2) ? place : place - x.rank() - 1;
    std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
    sizes.insert(sizes.begin() + place, 1);
    return Sample{.function = [=](Inputs in) { return unsqueeze(in[0], axis); },
                  .inputs = {x},
                  .expected = Array::from(shape_of(sizes), x.to_vector<double>()),
                  .options = in_words({axis})};
  };
  const auto some = [](int axis) { return [=] { return unsqueeze(zeros({2, 3}), axis); }; };
  check_operator(moving(
      {.name = "unsqueeze",
       .sample = sample,
       .on_nothing = {{[](Inputs in) { return unsqueeze(in[0], -1); }, {zeros({0, 4})}, zeros({0, 4, 1})}},
       .refusals = {
           refuses<ShapeError>(some(3), "unsqueeze: no place 3 among the axes of [2, 3]: expected -3 to 2"),
           refuses<ShapeError>(some(-4), "unsqueeze: no place -4 among the axes of [2, 3]: expected -3 to 2")}}));
}

TEST_CASE("an image keeps its memory when axes of size 1 come and go") {
  const Array image = in_channels_last(Generator(1).reals({3, 5, 7}));
  const std::int64_t before = format_conversions();
  const Array batch = unsqueeze(image, 0).array();
  REQUIRE(batch.format() == MemoryFormat::channels_last);
  REQUIRE(batch.shares_memory_with(image));
  REQUIRE(squeeze(batch, 0).array().shares_memory_with(image));
  REQUIRE(format_conversions() == before);
  require_equal(batch, image.contiguous().reshape({1, 3, 5, 7}));
  // Elsewhere the channels would change places.
  REQUIRE(unsqueeze(image, 1).array().format() == MemoryFormat::row_major);
}
