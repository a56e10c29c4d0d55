#include <string>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_shape {

using namespace tapestry;
using namespace tapestry::testing;

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
                         .on_empty = {{[](Inputs in) {
                                         return reshape(in[0], {3, -1});
                                       },
                                       {zeros({0, 3})},
                                       zeros({3, 0})}},
                         .rejections = {rejects<ShapeError>(
                                            [] {
                                              return reshape(zeros({2, 3}), {4, -1});
                                            },
                                            "reshape: cannot reshape [2, 3] with 6 elements to [4, -1]"),
                                        rejects<ShapeError>(
                                            [] {
                                              return reshape(zeros({2, 3}), Shape{7});
                                            },
                                            "reshape: cannot reshape [2, 3] with 6 elements to [7]"),
                                        rejects<ShapeError>(
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
                  .expected = Array::from(Shape(sizes), x.to_vector<double>()),
                  .options = in_words({first, end})};
  };
  const auto images = [](int first, int last) { return [=] { return flatten(zeros({2, 3, 4, 5}), first, last); }; };
  check_operator(
      moving({.name = "flatten",
              .sample = sample,
              .on_empty = {{[](Inputs in) { return flatten(in[0], 1); }, {zeros({0, 3, 4})}, zeros({0, 12})}},
              .rejections = {
                  rejects<ShapeError>(images(-1, 1), "flatten: first axis -1 is after last axis 1 of [2, 3, 4, 5]"),
                  rejects<ShapeError>(images(4, -1), "shape: axis 4 is out of range for [2, 3, 4, 5] of rank 4")}}));
}

TEST_CASE("flatten merges all axes by default and turns a scalar into a vector") {
  REQUIRE(flatten(zeros({2, 3, 4, 5})).shape() == Shape{120});
  REQUIRE(flatten(Array::scalar(1)).shape() == Shape{1});
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
              .on_empty = {{[](Inputs in) {
                              return expand(in[0], {0, -1, 4});
                            },
                            {zeros({3, 1})},
                            zeros({0, 3, 4})},
                           {[](Inputs in) {
                              return expand(in[0], {2, -1});
                            },
                            {zeros({0})},
                            zeros({2, 0})}},
              .rejections = {rejects<ShapeError>(some({4, 2}), "expand: [3, 1] cannot be expanded to [4, 2]"),
                             rejects<ShapeError>(some({3}), "expand: [3, 1] cannot be expanded to [3]"),
                             rejects<ShapeError>(some({-1, 3, 2}), "expand: [3, 1] cannot be expanded to [-1, 3, 2]"),
                             rejects<ShapeError>(some({3, -2}), "expand: [3, 1] cannot be expanded to [3, -2]")}});
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
    const std::vector<int> axes = some_axes(random, shape, takes_all);
    std::vector<bool> named(static_cast<std::size_t>(shape.rank()), false);
    for (const int axis : axes) named[static_cast<std::size_t>(shape.checked_axis(axis))] = true;
    std::vector<std::int64_t> sizes;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != 1 || !named[static_cast<std::size_t>(axis)]) sizes.push_back(shape[axis]);
    }
    return Sample{.function = [=](Inputs in) { return takes_all ? squeeze(in[0]) : squeeze(in[0], axes); },
                  .inputs = {x},
                  .expected = Array::from(Shape(sizes), x.to_vector<double>()),
                  .options = in_words(axes)};
  };
  check_operator(moving({.name = "squeeze",
                         .sample = sample,
                         .on_empty = {{[](Inputs in) { return squeeze(in[0], 1); }, {zeros({0, 1, 4})}, zeros({0, 4})}},
                         .rejections = {rejects<ShapeError>(
                             [] {
                               return squeeze(zeros({2, 1}), 2);
                             },
                             "shape: axis 2 is out of range for [2, 1] of rank 2")}}));
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
                  .expected = Array::from(Shape(sizes), x.to_vector<double>()),
                  .options = in_words({axis})};
  };
  const auto some = [](int axis) { return [=] { return unsqueeze(zeros({2, 3}), axis); }; };
  check_operator(
      moving({.name = "unsqueeze",
              .sample = sample,
              .on_empty = {{[](Inputs in) { return unsqueeze(in[0], -1); }, {zeros({0, 4})}, zeros({0, 4, 1})}},
              .rejections = {
                  rejects<ShapeError>(some(3), "unsqueeze: axis 3 is out of range for [2, 3]: expected -3 to 2"),
                  rejects<ShapeError>(some(-4), "unsqueeze: axis -4 is out of range for [2, 3]: expected -3 to 2")}}));
}

TEST_CASE("an image keeps its memory when axes of size 1 are inserted and removed") {
  const Array image = in_channels_last(Generator(1).reals({3, 5, 7}));
  const std::int64_t before = format_conversions();
  const Array batch = unsqueeze(image, 0).array();
  REQUIRE(batch.format() == MemoryFormat::channels_last);
  REQUIRE(batch.shares_memory_with(image));
  REQUIRE(squeeze(batch, 0).array().shares_memory_with(image));
  REQUIRE(format_conversions() == before);
  require_equal(batch, image.contiguous().reshape({1, 3, 5, 7}));
  // Otherwise the channels would be reordered.
  REQUIRE(unsqueeze(image, 1).array().format() == MemoryFormat::row_major);
}

}  // namespace test_shape
