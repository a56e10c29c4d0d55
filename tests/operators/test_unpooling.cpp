#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_unpooling {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// An unpooling with some repeated indices, of which the last in row-major order counts.
Sample unpool_sample(Generator& random) {
  const Shape shape = {random.between(1, 2), random.between(1, 9), random.between(1, 11), random.between(1, 7)};
  const Pair kernel = {random.between(1, 3), random.between(1, 3)};
  const Pair stride = {random.between(1, 3), random.between(1, 3)};
  const Pair padding = {random.between(0, kernel.height / 2), random.between(0, kernel.width / 2)};
  Pair size = {(shape[2] - 1) * stride.height - 2 * padding.height + kernel.height + stride.height - 1,
               (shape[3] - 1) * stride.width - 2 * padding.width + kernel.width};
  if (size.height < 1 || size.width < 1) return unpool_sample(random);
  std::vector<std::int64_t> places(static_cast<std::size_t>(shape.numel()));
  for (auto& place : places) place = random.between(0, size.height * size.width - 1);
  const Array indices = Array::from(shape, places);
  const Array x = random.reals(shape);
  const MaxUnpool2dOptions options = {.kernel_size = kernel, .stride = stride, .padding = padding, .output_size = size};
  return {.function = [=](Inputs in) { return max_unpool2d(in[0], indices, options); },
          .inputs = {x},
          .expected = made_of({shape[0], shape[1], size.height, size.width},
                              [&](const Index& index) {
                                double value = 0;
                                for (std::int64_t i = 0; i < shape[2]; ++i) {
                                  for (std::int64_t j = 0; j < shape[3]; ++j) {
                                    const Index from = {index[0], index[1], i, j};
                                    const double place = element(indices.to(DType::f64), from);
                                    if (place == static_cast<double>(index[2] * size.width + index[3]))
                                      value = element(x, from);
                                  }
                                }
                                return value;
                              }),
          .options = "size " + to_string(Shape{size.height, size.width})};
}

}  // namespace

TEST_CASE("operator: max_unpool2d") {
  const auto unpool = [](const Shape& shape, const Array& indices, const MaxUnpool2dOptions& options) {
    return [=] { return max_unpool2d(Array::zeros(shape), indices, options); };
  };
  const Shape small = {1, 2, 2, 3};
  const Array zeros = Array::zeros(small, DType::i64);
  std::vector<std::int64_t> places(12, 0);
  places[9] = 24;
  const Array outside = Array::from(small, places);
  places[9] = -1;
  const Array negative = Array::from(small, places);
  check_operator(
      {.name = "max_unpool2d",
       .sample = unpool_sample,
       .on_empty = {{[](Inputs in) {
                       return max_unpool2d(in[0], Array::zeros({0, 3, 2, 3}, DType::i64), {.kernel_size = 2});
                     },
                     {Array::zeros({0, 3, 2, 3})},
                     Array::zeros({0, 3, 4, 6})}},
       .rejections =
           {rejects<ValueError>(unpool(small, outside, {.kernel_size = 2}),
                                "max_unpool2d: index 24 at [0, 1, 1, 0] is outside the plane of 4 × 6 = 24 pixels"),
            rejects<ValueError>(unpool(small, negative, {.kernel_size = 2}),
                                "max_unpool2d: index -1 at [0, 1, 1, 0] is outside the plane of 4 × 6 = 24 pixels"),
            rejects<ValueError>(unpool(small, zeros, {.kernel_size = Pair(0, 1)}),
                                "max_unpool2d: kernel_size must be at least 1, got (0, 1)"),
            rejects<ValueError>(unpool(small, zeros, {.kernel_size = 2, .stride = 0}),
                                "max_unpool2d: stride must be at least 1, got (0, 0)"),
            rejects<ValueError>(unpool(small, zeros, {.kernel_size = 2, .padding = -1}),
                                "max_unpool2d: padding must be at least 0, got (-1, -1)"),
            rejects<ValueError>(unpool(small, zeros, {.kernel_size = 2, .output_size = Pair(4, 8)}),
                                "max_unpool2d: output_size (4, 8) must be less than a stride (2, 2) away from (4, 6) "
                                "(input [1, 2, 2, 3])"),
            rejects<ShapeError>(unpool(small, zeros, {.kernel_size = 2, .padding = 2}),
                                "max_unpool2d: the output would have 0 × 2 pixels (input [1, 2, 2, 3])"),
            rejects<ShapeError>(unpool({1, 2, 2, 2}, zeros, {.kernel_size = 2}),
                                "max_unpool2d: expected indices of the input's shape [1, 2, 2, 2], got [1, 2, 2, 3]"),
            rejects<DTypeError>(unpool(small, Array::zeros(small), {.kernel_size = 2}),
                                "max_unpool2d: expected indices of type i64, got f32[1, 2, 2, 3]"),
            rejects<DTypeError>([=] { return max_unpool2d(zeros, zeros, {.kernel_size = 2}); },
                                "max_unpool2d: expected f32 or f64, got i64")},
       .configurations = 60,
       .gradients = linear_in_each,
       .tolerance = 0});
}

}  // namespace test_unpooling
