// 04: a 1x1 convolution is a linear layer applied to every pixel; a linear layer is a convolution whose kernel is as
// large as its input.
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

void mixing_channels(Lesson& lesson) {
  lesson.part("1x1: the same small matrix at every pixel");
  // Pixels hold (1..4), (5..8), (9..12), (13..16): channel c of pixel p is 4p + c + 1.
  const Array pixels = Array::from<float>({4, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  const Tensor x = reshape(permute(pixels, {1, 0}), {1, 4, 2, 2});
  const Array matrix = Array::from<float>({3, 4}, {1, 0, 0, 0,  //
                                                   0, 1, 0, 0,  //
                                                   0, 0, 1, 1});
  const Tensor y = conv2d(x, matrix.reshape({3, 4, 1, 1}));
  const Array by_pixel = permute(reshape(y, {3, 4}), {1, 0}).array();
  lesson.show("pixels, one per row", pixels);
  lesson.show("matrix (out channels, in channels)", matrix);
  lesson.show("result, one pixel per row", by_pixel);
  lesson.holds("(1,2,7) (5,6,15) (9,10,23) (13,14,31)",
               by_pixel.to_vector<float>() == std::vector<float>{1, 2, 7, 5, 6, 15, 9, 10, 23, 13, 14, 31});
  lesson.holds("this equals pixels x transposed matrix", is_close(by_pixel, linear(pixels, matrix).array()));
}

void linear_as_convolution(Lesson& lesson) {
  lesson.part("Linear layers are convolutions");
  RandomStream random{.seed = 4};
  const Array weight = random.integers({3, 30}, 9).to(DType::f32);
  const Array bias = random.integers({3}, 9).to(DType::f32);
  const Array x = random.integers({2, 30}, 9).to(DType::f32);
  const Array wanted = linear(x, weight, bias).array();
  const Array line = conv1d(x.reshape({2, 1, 30}), weight.reshape({3, 1, 30}), bias).array();
  const Array image = conv2d(x.reshape({2, 1, 5, 6}), weight.reshape({3, 1, 5, 6}), bias).array();
  lesson.show("linear, 30 -> 3", wanted);
  lesson.holds("conv1d with a kernel as long as the input gives the same result",
               is_close(line.reshape({2, 3}), wanted));
  lesson.holds("so does conv2d with a kernel as large as the image", is_close(image.reshape({2, 3}), wanted));
  const Tensor larger = conv2d(random.normal({1, 1, 9, 11}), weight.reshape({3, 1, 5, 6}), bias);
  lesson.holds("the convolution also applies to larger images, window by window", larger.shape() == Shape{1, 3, 5, 6});
}

void colors(Lesson& lesson) {
  lesson.part("Mixing colors with 1x1 convolutions");
  // A red star on a background that fades from blue to green.
  const Array shape = star(48);
  Array image = Array::empty({1, 3, 48, 48});
  const float* inside = shape.data<float>();
  float* channels = image.mutable_data<float>();
  for (std::int64_t i = 0; i < 48 * 48; ++i) {
    const float star_here = (inside[i] - 0.15F) / 0.7F;
    const float down = static_cast<float>(i) / (48 * 48);
    channels[i] = 0.9F * star_here;
    channels[48 * 48 + i] = (1 - star_here) * down;
    channels[2 * 48 * 48 + i] = (1 - star_here) * (1 - down);
  }
  const std::vector<std::pair<std::string, std::vector<float>>> matrices = {
      {"identity", {1, 0, 0, 0, 1, 0, 0, 0, 1}},
      {"gray", {0.299F, 0.587F, 0.114F, 0.299F, 0.587F, 0.114F, 0.299F, 0.587F, 0.114F}},
      {"channels swapped", {0, 1, 0, 0, 0, 1, 1, 0, 0}},
      {"red only", {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  for (const auto& [name, matrix] : matrices) {
    const Array mixed = conv2d(image, Array::from({3, 3, 1, 1}, matrix)).array();
    pictures.push_back(viz::to_picture(mixed.contiguous().reshape({3, 48, 48}), {0, 0, 0}, {1, 1, 1}));
    captions.push_back(caption(name));
  }
  lesson.picture("04_colors.png", viz::image_grid(pictures, {.columns = 4, .captions = captions}));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "04: 1x1 convolutions and linear layers", [](Lesson& lesson) {
    mixing_channels(lesson);
    linear_as_convolution(lesson);
    colors(lesson);
    lesson.learned(
        "1x1 convolutions mix channels but not pixels; a linear layer is a convolution with a single window.");
  });
}
