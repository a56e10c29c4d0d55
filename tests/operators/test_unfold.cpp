#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_unfold {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Windows {
  std::int64_t batch, channels;
  Pair size, kernel, dilation, padding, stride;

  Pair count() const {
    const auto along = [](std::int64_t in, std::int64_t k, std::int64_t d, std::int64_t p, std::int64_t s) {
      const std::int64_t room = in + 2 * p - d * (k - 1) - 1;
      return room < 0 ? 0 : room / s + 1;
    };
    return {along(size.height, kernel.height, dilation.height, padding.height, stride.height),
            along(size.width, kernel.width, dilation.width, padding.width, stride.width)};
  }
  Shape image() const { return {batch, channels, size.height, size.width}; }
  Shape columns() const { return {batch, channels * kernel.height * kernel.width, count().height * count().width}; }
  /// The pixel that an element of the columns holds; its row or column is outside the image for a zero.
  Index pixel(const Index& index) const {
    const std::int64_t tap_row = index[1] / kernel.width % kernel.height;
    const std::int64_t tap_column = index[1] % kernel.width;
    return {index[0], index[1] / kernel.width / kernel.height,
            index[2] / count().width * stride.height + tap_row * dilation.height - padding.height,
            index[2] % count().width * stride.width + tap_column * dilation.width - padding.width};
  }
  bool holds(const Index& pixel) const {
    return pixel[2] >= 0 && pixel[2] < size.height && pixel[3] >= 0 && pixel[3] < size.width;
  }
};

Windows windows(Generator& random) {
  while (true) {
    const Windows w = {.batch = random.between(1, 2),
                       .channels = random.between(1, 3),
                       .size = {random.between(1, 5), random.between(1, 6)},
                       .kernel = {random.between(1, 3), random.between(1, 3)},
                       .dilation = {random.between(1, 2), random.between(1, 3)},
                       .padding = {random.between(0, 2), random.between(0, 2)},
                       .stride = {random.between(1, 3), random.between(1, 2)}};
    if (w.count().height > 0 && w.count().width > 0 && w.columns().numel() <= 150) return w;
  }
}

Sample unfold_sample(Generator& random) {
  const Windows w = windows(random);
  const Array x = random.reals(w.image());
  const UnfoldOptions options = {
      .kernel_size = w.kernel, .dilation = w.dilation, .padding = w.padding, .stride = w.stride};
  return {.function = [=](Inputs in) { return unfold(in[0], options); },
          .inputs = {x},
          .expected = made_of(w.columns(), [&](const Index& index) {
            const Index pixel = w.pixel(index);
            return w.holds(pixel) ? element(x, pixel) : 0;
          })};
}

Sample fold_sample(Generator& random) {
  const Windows w = windows(random);
  const Array x = random.reals(w.columns());
  const FoldOptions options = {
      .output_size = w.size, .kernel_size = w.kernel, .dilation = w.dilation, .padding = w.padding, .stride = w.stride};
  return {.function = [=](Inputs in) { return fold(in[0], options); },
          .inputs = {x},
          .expected = made_of(w.image(), [&](const Index& wanted) {
            double sum = 0;
            Index index = {0, 0, 0};
            for (std::int64_t i = 0; i < x.numel(); ++i, advance(index, x.shape())) {
              if (w.pixel(index) == wanted) sum += element(x, index);
            }
            return sum;
          })};
}

}  // namespace

TEST_CASE("operator: unfold") {
  const Array x = Array::zeros({2, 3, 4, 5});
  const auto rejected = [=](const UnfoldOptions& options) { return [=] { return unfold(x, options); }; };
  check_operator(
      {.name = "unfold",
       .sample = unfold_sample,
       .on_empty = {{[](Inputs in) { return unfold(in[0], {.kernel_size = Pair(2, 3)}); },
                     {Array::zeros({0, 3, 4, 5})},
                     Array::zeros({0, 18, 9})}},
       .rejections = {rejects<ValueError>(rejected({.kernel_size = Pair(0, 2)}),
                                          "unfold: kernel_size must be at least 1, got (0, 2)"),
                      rejects<ValueError>(rejected({.kernel_size = 2, .dilation = 0}),
                                          "unfold: dilation must be at least 1, got (0, 0)"),
                      rejects<ValueError>(rejected({.kernel_size = 2, .padding = Pair(0, -1)}),
                                          "unfold: padding must be at least 0, got (0, -1)"),
                      rejects<ValueError>(rejected({.kernel_size = 2, .stride = 0}),
                                          "unfold: stride must be at least 1, got (0, 0)"),
                      rejects<ShapeError>(
                          rejected({.kernel_size = Pair(3, 4), .dilation = 2}),
                          "unfold: along the height the kernel covers 5 (size 3, dilation 2), the padded input has "
                          "4 (size 4, padding 0)"),
                      rejects<ShapeError>(
                          [] {
                            return unfold(Array::zeros({3, 4, 5}), {.kernel_size = 2});
                          },
                          "unfold: expected an input (N, C, H, W) of rank 4, got [3, 4, 5]"),
                      rejects<ShapeError>(
                          [] {
                            return unfold(Array::zeros({2, 3, 0, 5}), {.kernel_size = 1, .padding = 1});
                          },
                          "unfold: expected an image with pixels, got [2, 3, 0, 5]"),
                      rejects<DTypeError>(
                          [] {
                            return unfold(Array::zeros({2, 3, 4, 5}, DType::u8), {.kernel_size = 2});
                          },
                          "unfold: expected f32 or f64, got u8")},
       .configurations = 40,
       .gradients = linear_in_each,
       .tolerance = 0});
}

// Sums of at most 9 elements below 1 in the same order or another: 9 · 9 · 2⁻⁵³ = 9e-15.
TEST_CASE("operator: fold") {
  const Array x = Array::zeros({2, 12, 6});
  const auto rejected = [=](const FoldOptions& options) { return [=] { return fold(x, options); }; };
  check_operator(
      {.name = "fold",
       .sample = fold_sample,
       .on_empty = {{[](Inputs in) { return fold(in[0], {.output_size = Pair(3, 4), .kernel_size = 2}); },
                     {Array::zeros({0, 12, 6})},
                     Array::zeros({0, 3, 3, 4})}},
       .rejections =
           {rejects<ValueError>(rejected({.output_size = Pair(0, 3), .kernel_size = 2}),
                                "fold: output_size must be at least 1, got (0, 3)"),
            rejects<ValueError>(rejected({.output_size = 3, .kernel_size = 2, .stride = Pair(1, 0)}),
                                "fold: stride must be at least 1, got (1, 0)"),
            rejects<ShapeError>(rejected({.output_size = Pair(3, 4), .kernel_size = Pair(5, 1)}),
                                "fold: expected columns with a multiple of 5 · 1 elements, got 12 (input [2, 12, 6])"),
            rejects<ShapeError>(rejected({.output_size = Pair(3, 5), .kernel_size = 2}),
                                "fold: expected 2 · 4 columns, one per window, got 6 (input [2, 12, 6])"),
            rejects<ShapeError>(
                rejected({.output_size = Pair(3, 4), .kernel_size = 2, .dilation = 4}),
                "fold: along the height the kernel covers 5 (size 2, dilation 4), the padded output has "
                "3 (size 3, padding 0)"),
            rejects<ShapeError>(
                [] {
                  return fold(Array::zeros({2, 3, 4, 5}), {.output_size = 3, .kernel_size = 2});
                },
                "fold: expected an input (N, C · kh · kw, L) of rank 3, got [2, 3, 4, 5]"),
            rejects<DTypeError>(
                [] {
                  return fold(Array::zeros({2, 12, 6}, DType::i64), {.output_size = Pair(3, 4), .kernel_size = 2});
                },
                "fold: expected f32 or f64, got i64")},
       .configurations = 40,
       .gradients = linear_in_each});
}

// Whole numbers: exact in any order of addition.
TEST_CASE("a convolution is a product of the weight and the unfolded image") {
  Generator random(1);
  const Array x = random.integers({1, 3, 6, 7});
  const Array weight = random.integers({4, 3, 2, 3});
  const Tensor columns = unfold(x, {.kernel_size = Pair(2, 3), .padding = 1, .stride = Pair(1, 2)});
  const Tensor product = matmul(reshape(weight, {4, 18}), reshape(columns, {18, -1}));
  require_equal(reshape(product, {1, 4, 7, 4}).array(),
                conv2d(x, weight, {}, {.stride = {1, 2}, .padding = 1}).array());
}

TEST_CASE("folding what was unfolded counts the windows of each pixel") {
  const Array x = Array::full({1, 1, 3, 4}, 1);
  const Tensor y = fold(unfold(x, {.kernel_size = 2}), {.output_size = Pair(3, 4), .kernel_size = 2});
  require_equal(y.array(), f32({1, 1, 3, 4}, {1, 2, 2, 1, 2, 4, 4, 2, 1, 2, 2, 1}));
}

}  // namespace test_unfold
