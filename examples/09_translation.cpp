// 09: shifting the image shifts the result of a convolution (equivariance), but for what comes in at the borders; with
// circular padding exactly. Global pooling then makes a classifier that does not notice the shift at all (invariance).
// A layer with stride 2 breaks it for odd shifts.
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

/// The image moved down and to the right; what leaves on one side comes in on the other.
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

/// layer(shifted(x)) − shifted(layer(x)), where the result shifts by so much less as the stride says.
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
    // Whole numbers make sums exact, in whatever order.
    const Tensor x = random.integers({1, 1, size, size}, 9).to(DType::f32);
    const Array kernel = (Tensor(random.integers({1, 1, 3, 3}, 9).to(DType::f32)) - 4).array();
    const Layer zeros = {kernel, {.padding = 1}};
    const Layer circular = {kernel, {.padding = 1, .padding_mode = PaddingMode::circular}};
    const Layer strided = {kernel, {.stride = 2, .padding = 1, .padding_mode = PaddingMode::circular}};

    lesson.part("Equivariance: a shift by (5, 3)");
    const Array at_borders = difference(zeros, x, 5, 3);
    // Whatever touches the border of the image before or after the shift: its rows and columns, and those beside.
    const Tensor inner = slice(slice(at_borders, 2, 6, size - 1), 3, 4, size - 1);
    lesson.holds("with zero padding the result shifts along, away from the borders", is_zero(inner.array()));
    lesson.holds("at the borders it does not", !is_zero(at_borders));
    lesson.holds("with circular padding it does everywhere, exactly", is_zero(difference(circular, x, 5, 3)));

    lesson.part("Stride 2");
    lesson.holds("an even shift (4, 2) shifts the result by (2, 1)", is_zero(difference(strided, x, 4, 2)));
    lesson.holds("an odd one (5, 3) gives other numbers", !is_zero(difference(strided, x, 5, 3)));

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
    lesson.holds("the classifier does not notice the shift", is_close(classify(x, 1), classify(shifted(x, 5, 3), 1)));
    lesson.holds("with a strided convolution it does", !is_close(classify(x, 2), classify(shifted(x, 5, 3), 2)));

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
        "convolutions commute with shifts, borders and strides aside; pooling over the whole image forgets the place.");
  });
}
