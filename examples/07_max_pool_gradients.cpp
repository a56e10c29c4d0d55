// 07: max-pooling passes the gradient only to the maximum of each window. Gradients of overlapping windows add up, and
// among equal pixels the first in row-major order gets the whole gradient.
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/data/drawing/draw.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

/// The gradient of the sum of all maxima.
Array gradient_of(const Array& image, const MaxPool2dOptions& options) {
  const Tensor x = Tensor(image).set_requires_grad();
  sum(max_pool2d(x, options)).backward();
  return x.grad().array();
}

using Values = std::vector<float>;

void windows(Lesson& lesson) {
  const Array x = Array::from<float>({1, 1, 4, 4}, {1, 5, 2, 0,  //
                                                    3, 4, 8, 1,  //
                                                    7, 2, 3, 6,  //
                                                    0, 9, 4, 5});
  lesson.show("image", x);

  lesson.part("Disjoint windows: 2x2, stride 2");
  const auto pooled = max_pool2d_with_indices(x, {.kernel_size = 2});
  const Array apart = gradient_of(x, {.kernel_size = 2});
  lesson.show("maxima", pooled.values.array());
  lesson.show("their positions (row * width + column)", pooled.indices);
  lesson.show("gradient", apart);
  lesson.holds("1 at each of the four maxima, 0 elsewhere",
               apart.to_vector<float>() == Values{0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0});

  lesson.part("Overlapping windows: 2x2, stride 1");
  const Array overlapping = gradient_of(x, {.kernel_size = 2, .stride = 1});
  lesson.show("gradient", overlapping);
  lesson.holds("8 is the maximum of four windows and gets a gradient of 4",
               overlapping.to_vector<float>() == Values{0, 1, 0, 0, 0, 0, 4, 0, 1, 0, 0, 1, 0, 2, 0, 0});
}

void ties(Lesson& lesson) {
  lesson.part("Ties");
  const Array gradient = gradient_of(Array::full({1, 1, 4, 4}, 1), {.kernel_size = 2});
  lesson.show("gradient of an image of ones", gradient);
  lesson.holds("the first pixel of each window gets the whole gradient",
               gradient.to_vector<float>() == Values{1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0});
}

void as_pictures(Lesson& lesson) {
  lesson.part("On an image");
  const Array image = star(32);
  const Array largest = gradient_of(image, {.kernel_size = 4});
  const Tensor x = Tensor(image).set_requires_grad();
  sum(avg_pool2d(x, {.kernel_size = 4})).backward();
  const std::vector<Array> pictures = {data::enlarge(gray_picture(plane_of(image, 0, 0)), 6),
                                       framed_map(plane_of(largest, 0, 0), 6),
                                       framed_map(plane_of(x.grad().array(), 0, 0), 6, 1)};
  lesson.picture("07_max_pool_gradients.png",
                 viz::image_grid(pictures, {.columns = 3,
                                            .enlarge = 1,
                                            .captions = {caption("image"), caption("gradient of max-pooling 4x4"),
                                                         caption("gradient of average pooling 4x4")}}));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "07: gradients of max-pooling", [](Lesson& lesson) {
    windows(lesson);
    ties(lesson);
    as_pictures(lesson);
    lesson.learned(
        "max-pooling passes each gradient to one pixel of its window; average pooling spreads it over all of them.");
  });
}
