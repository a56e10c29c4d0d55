// 01: what a convolution layer computes. It slides a kernel over the image without flipping it, which is a
// cross-correlation. Mathematical convolution flips the kernel first. The difference does not matter for learned
// kernels, but it does for kernels written by hand.
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

/// A kernel as the weight of one input and one output channel.
Array kernel3x3(const std::vector<float>& weights) {
  return Array::from({1, 1, 3, 3}, weights);
}

/// Mathematical convolution: the kernel rotated by 180 degrees.
Tensor true_convolution(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options = {}) {
  return conv2d(x, flip(kernel, {2, 3}), {}, options);
}

void symmetric_kernel(Lesson& lesson) {
  lesson.part("A symmetric kernel: the flip changes nothing");
  const Array x = Array::from<float>({1, 1, 5, 5}, {1, 2, 3, 0, 1,  //
                                                    0, 1, 2, 3, 1,  //
                                                    1, 0, 1, 2, 2,  //
                                                    2, 1, 0, 1, 3,  //
                                                    1, 2, 3, 0, 1});
  const Array laplacian = kernel3x3({0, 1, 0, 1, -4, 1, 0, 1, 0});
  const Array y = conv2d(x, laplacian).array();
  lesson.show("image", x);
  lesson.show("kernel", laplacian);
  lesson.show("cross-correlation", y);
  lesson.holds("the numbers are 0 0 -7 / 4 0 -1 / 0 6 1",
               y.to_vector<float>() == std::vector<float>{0, 0, -7, 4, 0, -1, 0, 6, 1});
  lesson.holds("true convolution gives the same", is_close(true_convolution(x, laplacian).array(), y));

  lesson.part("An asymmetric kernel: the flip changes everything");
  const Array slope = kernel3x3({0, 0, 0, -1, 0, 1, 0, 0, 0});
  lesson.show("cross-correlation (right minus left)", conv2d(x, slope).array());
  lesson.show("true convolution (left minus right)", true_convolution(x, slope).array());
  lesson.holds("one is the negative of the other",
               is_close(true_convolution(x, slope).array(), (-conv2d(x, slope)).array()));
  lesson.holds("and they are not equal", !is_close(true_convolution(x, slope).array(), conv2d(x, slope).array()));
}

void vertical_edges(Lesson& lesson) {
  lesson.part("Vertical edges");
  const Array x = Array::from<float>({1, 1, 5, 5}, {3, 4, 1, 2, 5,  //
                                                    5, 6, 2, 1, 3,  //
                                                    1, 2, 3, 4, 6,  //
                                                    6, 7, 5, 4, 2,  //
                                                    3, 2, 1, 6, 5});
  const Array y = conv2d(x, kernel3x3({1, 0, -1, 1, 0, -1, 1, 0, -1})).array();
  lesson.show("image", x);
  lesson.show("response", y);
  lesson.holds("first: (3 + 5 + 1) - (1 + 2 + 3) = 3", y.at({0, 0, 0, 0}) == 3);
}

void kernels_as_pictures(Lesson& lesson) {
  lesson.part("Kernels applied to an image");
  const Array image = star(48);
  const std::vector<std::pair<std::string, Array>> kernels = {
      {"identity", kernel3x3({0, 0, 0, 0, 1, 0, 0, 0, 0})},
      {"blur", kernel3x3({1, 2, 1, 2, 4, 2, 1, 2, 1})},
      {"sharpen", kernel3x3({0, -1, 0, -1, 5, -1, 0, -1, 0})},
      {"vertical edges", kernel3x3({1, 0, -1, 2, 0, -2, 1, 0, -1})},
      {"horizontal edges", kernel3x3({1, 2, 1, 0, 0, 0, -1, -2, -1})},
      {"Laplacian", kernel3x3({0, 1, 0, 1, -4, 1, 0, 1, 0})}};
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  for (const auto& [name, kernel] : kernels) {
    pictures.push_back(gray_picture(plane_of(conv2d(image, kernel).array(), 0, 0)));
    captions.push_back(caption(name));
  }
  lesson.picture("01_kernels.png", viz::image_grid(pictures, {.columns = 3, .captions = captions}));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "01: cross-correlation and convolution", [](Lesson& lesson) {
    symmetric_kernel(lesson);
    vertical_edges(lesson);
    kernels_as_pictures(lesson);
    lesson.learned(
        "conv2d does not flip the kernel. Apply flip(kernel, {2, 3}) first to get mathematical convolution; the\n"
        "difference shows only with asymmetric kernels.");
  });
}
