// Splitting and joining along an axis: slice, split, chunk, cat, stack.
#include <string>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_shape_parts {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Elements [begin, end) along an axis.
Array part_of(const Array& x, int axis, std::int64_t begin, std::int64_t end) {
  const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
  return made_of(x.shape().with(axis, end - begin), [&](Index index) {
    index[at] += begin;
    return element(x, index);
  });
}

std::string in_words(int axis, std::int64_t a, std::int64_t b) {
  return "axis " + std::to_string(axis) + ", " + std::to_string(a) + " " + std::to_string(b);
}

}  // namespace

TEST_CASE("operator: slice") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 5));
    const int axis = random.axis(x.shape());
    const std::int64_t begin = random.between(0, x.size(axis) - 1);
    const std::int64_t end = random.between(begin + 1, x.size(axis));
    return Sample{.function = [=](Inputs in) { return slice(in[0], axis, begin, end); },
                  .inputs = {x},
                  .expected = part_of(x, axis, begin, end),
                  .options = in_words(axis, begin, end)};
  };
  const auto some = [](int axis, std::int64_t begin, std::int64_t end) {
    return [=] { return slice(zeros({2, 4}), axis, begin, end); };
  };
  check_operator(moving(
      {.name = "slice",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return slice(in[0], 1, 2, 2); }, {zeros({3, 4})}, zeros({3, 0})},
                    {[](Inputs in) { return slice(in[0], 1, 1, 3); }, {zeros({0, 4})}, zeros({0, 2})}},
       .rejections = {rejects<ShapeError>(some(-1, 2, 5), "slice: [2, 5) is out of range for axis -1 of [2, 4]"),
                      rejects<ShapeError>(some(0, -1, 1), "slice: [-1, 1) is out of range for axis 0 of [2, 4]"),
                      rejects<ShapeError>(some(0, 2, 1), "slice: [2, 1) is out of range for axis 0 of [2, 4]"),
                      rejects<ShapeError>(some(2, 0, 1), "shape: axis 2 is out of range for [2, 4] of rank 2")}}));
}

TEST_CASE("operator: split") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 5));
    const int axis = random.axis(x.shape());
    const std::int64_t whole = x.size(axis);
    if (random.one_in(2)) {
      const std::int64_t size = random.between(1, whole + 1);
      const std::int64_t begin = random.between(0, (whole - 1) / size) * size;
      return Sample{
          .function = [=](Inputs in) { return split(in[0], size, axis)[static_cast<std::size_t>(begin / size)]; },
          .inputs = {x},
          .expected = part_of(x, axis, begin, std::min(whole, begin + size)),
          .options = in_words(axis, size, begin)};
    }
    const std::int64_t first = random.between(0, whole - 1);
    return Sample{.function =
                      [=](Inputs in) {
                        return split(in[0], {first, 0, whole - first}, axis)[2];
                      },
                  .inputs = {x},
                  .expected = part_of(x, axis, first, whole),
                  .options = in_words(axis, first, whole)};
  };
  const auto into = [](const std::vector<std::int64_t>& sizes) { return [=] { split(zeros({2, 5}), sizes, 1); }; };
  check_operator(moving(
      {.name = "split",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return split(in[0], 3)[0]; }, {zeros({0, 2})}, zeros({0, 2})},
                    {[](Inputs in) { return split(in[0], 3, 1)[1]; }, {zeros({0, 4})}, zeros({0, 1})}},
       .rejections = {
           rejects<ValueError>([] { split(zeros({2}), 0); }, "split: the size of a part must be at least 1, got 0"),
           rejects<ShapeError>(into({2, 2}),
                               "split: expected non-negative sizes with the sum 5, axis 1 of [2, 5], "
                               "got [2, 2]"),
           rejects<ShapeError>(into({7, -2}),
                               "split: expected non-negative sizes with the sum 5, axis 1 of "
                               "[2, 5], got [7, -2]"),
           rejects<ShapeError>([] { split(zeros({2}), 1, 1); }, "shape: axis 1 is out of range for [2] of rank 1")}}));
}

TEST_CASE("the parts of a split and their gradients add up to the whole") {
  const Array x = Generator(1).reals({7, 3});
  const Tensor whole = leaf(x);
  const auto parts = split(whole, 3);
  REQUIRE(parts.size() == 3);
  require_equal(cat(parts).array(), x);
  cat(parts).backward(x, {});
  require_equal(whole.grad().array(), x);
}

TEST_CASE("operator: chunk") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 7));
    const int axis = random.axis(x.shape());
    const std::int64_t chunks = random.between(1, x.size(axis));
    const std::int64_t size = (x.size(axis) + chunks - 1) / chunks;
    return Sample{.function = [=](Inputs in) { return chunk(in[0], chunks, axis).back(); },
                  .inputs = {x},
                  .expected = part_of(x, axis, (x.size(axis) - 1) / size * size, x.size(axis)),
                  .options = in_words(axis, chunks, size)};
  };
  check_operator(moving(
      {.name = "chunk",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return chunk(in[0], 3)[2]; }, {zeros({0, 2})}, zeros({0, 2})}},
       .rejections = {
           rejects<ValueError>([] { chunk(zeros({2}), 0); }, "chunk: expected at least 1 chunk, got 0"),
           rejects<ShapeError>([] { chunk(zeros({2}), 1, 1); }, "shape: axis 1 is out of range for [2] of rank 1")}}));
}

TEST_CASE("chunk rounds sizes up and may return fewer parts than requested") {
  REQUIRE(chunk(zeros({7}), 3).size() == 3);
  REQUIRE(chunk(zeros({7}), 3)[2].shape() == Shape{1});
  REQUIRE(chunk(zeros({6}), 4).size() == 3);
  REQUIRE(chunk(zeros({2}), 5).size() == 2);
}

TEST_CASE("operator: cat") {
  const auto sample = [](Generator& random) {
    const Shape shape = random.shape(1, 4, 4);
    const int axis = random.axis(shape);
    const auto at = static_cast<std::size_t>(shape.checked_axis(axis));
    std::vector<Array> parts;
    std::int64_t size = 0;
    for (std::int64_t part = random.between(1, 4); part > 0; --part) {
      parts.push_back(random.reals(shape.with(axis, random.between(1, 4))));
      size += parts.back().size(axis);
    }
    return Sample{.function = [=](Inputs in) { return cat(in, axis); },
                  .inputs = parts,
                  .expected = made_of(shape.with(axis, size),
                                      [&](Index index) {
                                        std::size_t part = 0;
                                        for (; index[at] >= parts[part].size(axis); ++part)
                                          index[at] -= parts[part].size(axis);
                                        return element(parts[part], index);
                                      }),
                  .options = in_words(axis, size, 0)};
  };
  const Tensor x = zeros({2, 3});
  check_operator(moving(
      {.name = "cat",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return cat(in, 1); }, {zeros({0, 2}), zeros({0, 3})}, zeros({0, 5})}},
       .rejections = {rejects<ShapeError>([] { return cat({}); }, "cat: expected at least one tensor, got none"),
                      rejects<ShapeError>(
                          [=] {
                            return cat({x, x, zeros({3, 3})}, 1);
                          },
                          "cat: expected shapes that differ only along axis 1, got [2, 3] and, for tensor 2, [3, 3]"),
                      rejects<ShapeError>(
                          [=] {
                            return cat({x, zeros({2})});
                          },
                          "cat: expected shapes that differ only along axis 0, got [2, 3] and, for tensor 1, [2]"),
                      rejects<DTypeError>(
                          [=] {
                            return cat({x, Array::zeros({2, 3}, DType::f64)});
                          },
                          "cat: expected the same dtype, got f32[2, 3] and, for tensor 1, f64[2, 3]"),
                      rejects<ShapeError>(
                          [=] {
                            return cat({x, x}, 2);
                          },
                          "shape: axis 2 is out of range for [2, 3] of rank 2")}}));
}

TEST_CASE("cat accepts empty tensors and integers") {
  const Tensor some = Array::full({2, 3}, 1);
  REQUIRE(cat({some, zeros({0, 3}), some}, 0).shape() == Shape{4, 3});
  REQUIRE(cat({Array::full({1}, 7, DType::i64), Array::full({1}, 8, DType::i64)}).array().to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{7, 8});
}

TEST_CASE("cat of a tensor with itself adds both gradients") {
  const Tensor x = leaf(Array::full({2}, 1));
  cat({x, x}).backward(f32({4}, {1, 2, 30, 40}), {});
  require_equal(x.grad().array(), f32({2}, {31, 42}));
}

TEST_CASE("operator: stack") {
  const auto sample = [](Generator& random) {
    const Shape shape = random.shape(0, 3, 4);
    const auto place = static_cast<int>(random.between(0, shape.rank()));
    const int axis = random.one_in(2) ? place : place - shape.rank() - 1;
    std::vector<Array> parts;
    for (std::int64_t part = random.between(1, 4); part > 0; --part) parts.push_back(random.reals(shape));
    std::vector<std::int64_t> sizes(shape.begin(), shape.end());
    sizes.insert(sizes.begin() + place, static_cast<std::int64_t>(parts.size()));
    return Sample{.function = [=](Inputs in) { return stack(in, axis); },
                  .inputs = parts,
                  .expected = made_of(Shape(sizes),
                                      [&](Index index) {
                                        const auto part =
                                            static_cast<std::size_t>(index[static_cast<std::size_t>(place)]);
                                        index.erase(index.begin() + place);
                                        return element(parts[part], index);
                                      }),
                  .options = in_words(axis, place, 0)};
  };
  const Tensor x = zeros({2, 3});
  check_operator(moving(
      {.name = "stack",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return stack(in, 1); }, {zeros({0, 2}), zeros({0, 2})}, zeros({0, 2, 2})}},
       .rejections = {rejects<ShapeError>([] { return stack({}); }, "stack: expected at least one tensor, got none"),
                      rejects<ShapeError>(
                          [=] {
                            return stack({x, zeros({3, 2})});
                          },
                          "stack: expected the same shape, got [2, 3] and, for tensor 1, [3, 2]"),
                      rejects<DTypeError>(
                          [=] {
                            return stack({x, Array::zeros({2, 3}, DType::i64)});
                          },
                          "stack: expected the same dtype, got f32[2, 3] and, for tensor 1, i64[2, 3]"),
                      rejects<ShapeError>(
                          [=] {
                            return stack({x, x}, 3);
                          },
                          "unsqueeze: axis 3 is out of range for [2, 3]: expected -3 to 2")}}));
}

}  // namespace test_shape_parts
