// 09: shifting the image shifts the result of a convolution (equivariance), except at the borders; with circular
// padding this is exact. Global pooling then makes a classifier unaffected by shifts (invariance). A layer with stride
// 2 breaks this for odd shifts.
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t size = 24;

/// The image rolled down and to the right.
Tensor shifted(const Tensor& x, std::int64_t down, std::int64_t right) {
  const std::int64_t height = x.size(2);
  const std::int64_t width = x.size(3);
  const Tensor rows = cat({slice(x, 2, height - down, height), slice(x, 2, 0, height - down)}, 2);
  return cat({slice(rows, 3, width - right, width), slice(rows, 3, 0, width - right)}, 3);
}

struct Layer {
  Array weight;
  Conv2dOptions options;
  Tensor operator()(const Tensor& x) const { return conv2d(x, weight, {}, options); }
};

/// layer(shifted(x)) − shifted(layer(x)); the result shifts by the shift of the image divided by the stride.
Array difference(const Layer& layer, const Tensor& x, std::int64_t down, std::int64_t right) {
  const Pair stride = layer.options.stride;
  return (layer(shifted(x, down, right)) - shifted(layer(x), down / stride.height, right / stride.width)).array();
}

bool is_zero(const Array& array) {
  return is_close(array, Array::zeros(array.shape(), array.dtype()));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "09: translation", [](Lesson& lesson) {
    RandomStream random{.seed = 9};
    // With integers, sums are exact in any order.
    const Tensor x = random.integers({1, 1, size, size}, 9).to(DType::f32);
    const Array kernel = (Tensor(random.integers({1, 1, 3, 3}, 9).to(DType::f32)) - 4).array();
    const Layer zeros = {kernel, {.padding = 1}};
    const Layer circular = {kernel, {.padding = 1, .padding_mode = PaddingMode::circular}};
    const Layer strided = {kernel, {.stride = 2, .padding = 1, .padding_mode = PaddingMode::circular}};

    lesson.part("Equivariance: a shift by (5, 3)");
    const Array at_borders = difference(zeros, x, 5, 3);
    // Exclude rows and columns affected by the border before or after the shift.
    const Tensor inner = slice(slice(at_borders, 2, 6, size - 1), 3, 4, size - 1);
    lesson.holds("with zero padding the result shifts too, away from the borders", is_zero(inner.array()));
    lesson.holds("but not at the borders", !is_zero(at_borders));
    lesson.holds("with circular padding it shifts everywhere, exactly", is_zero(difference(circular, x, 5, 3)));

    lesson.part("Stride 2");
    lesson.holds("an even shift (4, 2) shifts the result by (2, 1)", is_zero(difference(strided, x, 4, 2)));
    lesson.holds("an odd shift (5, 3) changes the values", !is_zero(difference(strided, x, 5, 3)));

    lesson.part("Invariance: convolution, ReLU, global pooling, linear");
    const Array filters = random.integers({6, 1, 3, 3}, 9).to(DType::f32);
    const Array head = random.integers({4, 6}, 9).to(DType::f32);
    const auto classify = [&](const Tensor& image, std::int64_t stride) {
      const Tensor features = relu(
          conv2d(image, filters, {}, {.stride = stride, .padding = 1, .padding_mode = PaddingMode::circular}) - 150);
      return linear(flatten(global_avg_pool2d(features), 1), head).array();
    };
    lesson.show("scores", classify(x, 1));
    lesson.show("scores of the shifted image", classify(shifted(x, 5, 3), 1));
    lesson.holds("the scores are unchanged by the shift", is_close(classify(x, 1), classify(shifted(x, 5, 3), 1)));
    lesson.holds("with a strided convolution they change", !is_close(classify(x, 2), classify(shifted(x, 5, 3), 2)));

    const std::vector<Array> pictures = {framed_map(plane_of(at_borders, 0, 0), 8),
                                         framed_map(plane_of(difference(circular, x, 5, 3), 0, 0), 8),
                                         framed_map(plane_of(difference(strided, x, 5, 3), 0, 0), 8)};
    lesson.say("conv(shift(x)) - shift(conv(x)):");
    lesson.picture("09_translation.png",
                   viz::image_grid(pictures, {.columns = 3,
                                              .enlarge = 1,
                                              .captions = {caption("zero padding"), caption("circular padding"),
                                                           caption("stride 2, odd shift")}}));
    lesson.learned(
        "convolutions commute with shifts, except for borders and strides; global pooling discards the position.");
  });
}
