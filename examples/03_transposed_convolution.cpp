// 03: a convolution gathers a window into one pixel; a transposed convolution scatters one pixel over a window. Where
// windows overlap unevenly, a checkerboard appears. Upsampling followed by a convolution avoids it.
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/random.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

void spreading(Lesson& lesson) {
  lesson.part("Every pixel contributes a scaled kernel");
  const Array x = Array::from<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  const Array identity = Array::from<float>({1, 1, 2, 2}, {1, 0, 0, 1});
  const Array y = conv_transpose2d(x, identity, {}, {.stride = 2}).array();
  lesson.show("image", x);
  lesson.show("kernel", identity);
  lesson.show("transposed convolution, stride 2", y);
  lesson.holds("1 0 2 0 / 0 1 0 2 / 3 0 4 0 / 0 3 0 4",
               y.to_vector<float>() == std::vector<float>{1, 0, 2, 0, 0, 1, 0, 2, 3, 0, 4, 0, 0, 3, 0, 4});

  lesson.part("Overlapping windows add up");
  const Array ones = Array::full({1, 1, 3, 3}, 1);
  const Array counts = conv_transpose2d(Array::full({1, 1, 2, 2}, 1), ones, {}, {.stride = 2}).array();
  lesson.show("number of windows that cover each pixel (kernel 3, stride 2)", counts);
  lesson.holds("1 1 2 1 1 / 1 1 2 1 1 / 2 2 4 2 2 / ...",
               counts.shape() == Shape{1, 1, 5, 5} && counts.at({0, 0, 2, 2}) == 4 && counts.at({0, 0, 0, 2}) == 2);
}

void adjoint(Lesson& lesson) {
  lesson.part("The adjoint of convolution, not its inverse");
  RandomStream random{.seed = 3};
  const Array x = random.normal({1, 2, 7, 6}, 0, 1, DType::f64);
  const Array weight = random.normal({3, 2, 3, 3}, 0, 1, DType::f64);
  const Tensor y = conv2d(x, weight, {}, {.stride = 2, .padding = 1});
  const Array z = random.normal(y.shape(), 0, 1, DType::f64);
  const ConvTranspose2dOptions back = {.stride = 2, .padding = 1, .output_padding = {0, 1}};
  const double forward = sum(y * z).item();
  const double transposed = sum(Tensor(x) * conv_transpose2d(z, weight, {}, back)).item();
  lesson.holds("<conv x, z> = <x, conv_transpose z>", std::abs(forward - transposed) <= 1e-12 * std::abs(forward));

  const Array image = Array::from<float>({1, 1, 4, 4}, {1, 3, 2, 4, 5, 6, 8, 7, 9, 2, 1, 0, 3, 4, 5, 6});
  const Tensor pooled = max_pool2d(image, {.kernel_size = 2});
  const Array spread = conv_transpose2d(pooled, Array::full({1, 1, 2, 2}, 1), {}, {.stride = 2}).array();
  lesson.show("image", image);
  lesson.show("max-pooled, then transposed convolution", spread);
  lesson.holds("this does not restore the image", !is_close(spread, image));
}

void checkerboard(Lesson& lesson) {
  lesson.part("The checkerboard");
  const Array flat = Array::full({1, 1, 8, 8}, 1);
  const auto spread = [&](std::int64_t kernel) {
    return conv_transpose2d(flat, Array::full({1, 1, kernel, kernel}, 1), {}, {.stride = 2}).array();
  };
  const Tensor larger = interpolate(flat, {.scale_factor = 2});
  const Array smooth = conv2d(larger, Array::full({1, 1, 3, 3}, 1)).array();
  const auto is_constant_inside = [](const Array& y) {
    const Array plane = plane_of(y, 0, 0);
    bool constant = true;
    for (std::int64_t row = 3; row < plane.size(0) - 3; ++row) {
      for (std::int64_t column = 3; column < plane.size(1) - 3; ++column) {
        constant = constant && plane.at({row, column}) == plane.at({3, 3});
      }
    }
    return constant;
  };
  lesson.say("A constant image, an all-ones kernel, stride 2:");
  lesson.holds("kernel 4, divisible by the stride: constant away from the borders", is_constant_inside(spread(4)));
  lesson.holds("kernel 3, not divisible by the stride: a checkerboard", !is_constant_inside(spread(3)));
  lesson.holds("nearest upsampling, then a convolution with kernel 3: constant away from the borders",
               is_constant_inside(smooth));
  std::vector<Array> pictures;
  for (const Array& y : {spread(3), spread(4), smooth}) pictures.push_back(framed_map(plane_of(y, 0, 0), 12));
  lesson.picture("03_checkerboard.png", viz::image_grid(pictures, {.columns = 3,
                                                                   .enlarge = 1,
                                                                   .captions = {caption("transposed, kernel 3"),
                                                                                caption("transposed, kernel 4"),
                                                                                caption("upsample, convolve")}}));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "03: transposed convolution and checkerboard artifacts", [](Lesson& lesson) {
    spreading(lesson);
    adjoint(lesson);
    checkerboard(lesson);
    lesson.learned(
        "a transposed convolution enlarges by scattering and summing kernels. To avoid checkerboards, choose a kernel\n"
        "size divisible by the stride, or upsample and then convolve.");
  });
}
