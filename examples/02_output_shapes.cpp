// 02: output sizes of convolutions and pooling. Per axis
//   out = floor((in + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1,
// and for transposed convolutions
//   out = (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1.
#include <fmt/format.h>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

/// The options of a convolution along one axis.
struct Case {
  std::string what;
  std::int64_t in, kernel, stride, padding, dilation;
};

std::int64_t by_formula(const Case& c) {
  return (c.in + 2 * c.padding - c.dilation * (c.kernel - 1) - 1) / c.stride + 1;
}

std::int64_t by_computing(const Case& c) {
  const Array image = Array::zeros({1, 1, c.in, c.in});
  const Array weight = Array::zeros({1, 1, c.kernel, c.kernel});
  return conv2d(image, weight, {}, {.stride = c.stride, .padding = c.padding, .dilation = c.dilation}).size(2);
}

void convolutions(Lesson& lesson) {
  lesson.part("Convolutions");
  const std::vector<Case> cases = {
      {"AlexNet's first layer", 227, 11, 4, 0, 1}, {"kernel 5, no padding", 32, 5, 1, 0, 1},
      {"kernel 5, padding 2", 32, 5, 1, 2, 1},     {"kernel 3, stride 2", 32, 3, 2, 1, 1},
      {"kernel 3, dilation 2", 32, 3, 1, 2, 2},    {"kernel 7, stride 3", 30, 7, 3, 1, 1}};
  lesson.say(
      fmt::format("{:<24}{:>6}{:>8}{:>8}{:>9}{:>10}{:>6}", "", "in", "kernel", "stride", "padding", "dilation", "out"));
  bool agree = true;
  for (const Case& c : cases) {
    lesson.say(fmt::format("{:<24}{:>6}{:>8}{:>8}{:>9}{:>10}{:>6}", c.what, c.in, c.kernel, c.stride, c.padding,
                           c.dilation, by_computing(c)));
    agree = agree && by_computing(c) == by_formula(c);
  }
  lesson.holds("every size matches the formula", agree);
  lesson.holds("227 with kernel 11 and stride 4 gives 55", by_computing(cases[0]) == 55);
  lesson.holds("32 with kernel 5 gives 28 without padding and 32 with 2",
               by_computing(cases[1]) == 28 && by_computing(cases[2]) == 32);

  const Array image = Array::zeros({1, 1, 32, 32});
  const Tensor same = conv2d(image, Array::zeros({1, 1, 4, 5}), {}, {.padding = Padding::same()});
  lesson.holds("Padding::same() preserves the size, even with an even kernel", same.shape() == image.shape());
}

void pools(Lesson& lesson) {
  lesson.part("Pooling");
  const Array image = Array::zeros({1, 1, 32, 32});
  lesson.holds("32 with window 2 and stride 2 gives 16", max_pool2d(image, {.kernel_size = 2}).size(2) == 16);
  const Array odd = Array::zeros({1, 1, 7, 7});
  const MaxPool2dOptions floors = {.kernel_size = 2};
  const MaxPool2dOptions ceils = {.kernel_size = 2, .ceil_mode = true};
  lesson.holds("7 with window 2 gives 3: the last row is dropped", max_pool2d(odd, floors).size(2) == 3);
  lesson.holds("and 4 in ceil mode: the last window extends past the edge", max_pool2d(odd, ceils).size(2) == 4);
}

void transposed(Lesson& lesson) {
  lesson.part("Transposed convolutions");
  const auto size = [](std::int64_t in, std::int64_t kernel, const ConvTranspose2dOptions& options) {
    return conv_transpose2d(Array::zeros({1, 1, in, in}), Array::zeros({1, 1, kernel, kernel}), {}, options).size(2);
  };
  lesson.holds("2 with kernel 3 and stride 2 gives 5", size(2, 3, {.stride = 2}) == 5);
  lesson.holds("16 with kernel 4, stride 2 and padding 1 gives 32", size(16, 4, {.stride = 2, .padding = 1}) == 32);
  // A convolution maps both 31 and 32 to 16; output_padding selects which one to return to.
  lesson.holds("16 with kernel 3, stride 2 and padding 1 gives 31", size(16, 3, {.stride = 2, .padding = 1}) == 31);
  lesson.holds("and 32 with output_padding 1", size(16, 3, {.stride = 2, .padding = 1, .output_padding = 1}) == 32);
}

void lenet(Lesson& lesson) {
  lesson.part("LeNet-5, from image to vector");
  const auto filters = [](std::int64_t out, std::int64_t in) { return Array::zeros({out, in, 5, 5}); };
  Tensor x = Array::zeros({1, 1, 32, 32});
  std::vector<Shape> shapes = {x.shape()};
  const auto step = [&](const std::string& layer, const Tensor& y) {
    lesson.say(fmt::format("{:<22}{:>18} -> {}", layer, to_string(x.shape()), to_string(y.shape())));
    x = y;
    shapes.push_back(y.shape());
  };
  step("conv 5x5, 6 filters", conv2d(x, filters(6, 1)));
  step("pool 2x2", max_pool2d(x, {.kernel_size = 2}));
  step("conv 5x5, 16 filters", conv2d(x, filters(16, 6)));
  step("pool 2x2", max_pool2d(x, {.kernel_size = 2}));
  step("conv 5x5, 120 filters", conv2d(x, filters(120, 16)));
  lesson.holds("the image has become 120 numbers", shapes.back() == Shape{1, 120, 1, 1});
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "02: output shapes", [](Lesson& lesson) {
    convolutions(lesson);
    pools(lesson);
    transposed(lesson);
    lenet(lesson);
    lesson.learned(
        "padding (kernel - 1) / 2 preserves the size for odd kernels, the stride divides it, and dilation makes a\n"
        "kernel cover dilation * (kernel - 1) + 1 pixels.");
  });
}
