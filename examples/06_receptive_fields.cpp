// 06: receptive fields, the part of the image that an output pixel depends on. Dilation spreads a kernel over more
// pixels without more weights; 1 x n and n x 1 convolutions together cover an n x n window with 2n weights.
#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t size = 17;

/// The gradient of the center pixel of function(image) with respect to the image: (17, 17).
template <class Function>
Array field_of(const Function& function) {
  const Tensor x = Tensor(Array::zeros({1, 1, size, size})).set_requires_grad();
  const Tensor y = function(x);
  const std::int64_t row = y.size(2) / 2;
  const std::int64_t column = y.size(3) / 2;
  sum(slice(slice(y, 2, row, row + 1), 3, column, column + 1)).backward();
  return plane_of(x.grad().array(), 0, 0);
}

/// The bounding box of the nonzero pixels, and their number.
struct Extent {
  std::int64_t height, width, pixels;
  friend bool operator==(const Extent&, const Extent&) = default;
};

Extent extent_of(const Array& field) {
  std::int64_t top = size, bottom = -1, left = size, right = -1, pixels = 0;
  for (std::int64_t row = 0; row < size; ++row) {
    for (std::int64_t column = 0; column < size; ++column) {
      if (field.at({row, column}) == 0) continue;
      top = std::min(top, row), bottom = std::max(bottom, row);
      left = std::min(left, column), right = std::max(right, column);
      ++pixels;
    }
  }
  return {bottom - top + 1, right - left + 1, pixels};
}

/// A convolution with an all-ones kernel that preserves the size.
Tensor ones(const Tensor& x, Pair kernel, Pair dilation = 1) {
  return conv2d(x, Array::full({1, 1, kernel.height, kernel.width}, 1), {},
                {.padding = Padding::same(), .dilation = dilation});
}

struct Field {
  std::string name;
  std::int64_t weights;
  Array map;
};

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "06: receptive fields, dilation and factorized kernels", [](Lesson& lesson) {
    const std::vector<Field> fields = {
        {"3x3", 9, field_of([](const Tensor& x) { return ones(x, 3); })},
        {"3x3, dilation 2", 9, field_of([](const Tensor& x) { return ones(x, 3, 2); })},
        {"three 3x3", 27, field_of([](const Tensor& x) { return ones(ones(ones(x, 3), 3), 3); })},
        {"3x3, dilations 1 2 4", 27, field_of([](const Tensor& x) { return ones(ones(ones(x, 3), 3, 2), 3, 4); })},
        {"7x7", 49, field_of([](const Tensor& x) { return ones(x, 7); })},
        {"1x7 then 7x1", 14, field_of([](const Tensor& x) {
           return ones(ones(x, {1, 7}), {7, 1});
         })}};

    lesson.part("Receptive field of the center pixel");
    lesson.say(fmt::format("{:<24}{:>8}{:>10}{:>8}", "", "weights", "covers", "pixels"));
    std::vector<Extent> extents;
    std::vector<Array> maps;
    std::vector<viz::Caption> captions;
    for (const auto& [name, weights, map] : fields) {
      const Extent extent = extent_of(map);
      lesson.say(fmt::format("{:<24}{:>8}{:>7}x{:<2}{:>8}", name, weights, extent.height, extent.width, extent.pixels));
      extents.push_back(extent);
      maps.push_back(framed_map(map, 12));
      captions.push_back(caption(name));
    }
    lesson.holds("a 3x3 kernel with dilation 2 covers 5x5 and uses 9 of its pixels", extents[1] == Extent{5, 5, 9});
    lesson.holds("three 3x3 kernels cover 7x7; with dilations 1, 2 and 4 they use every pixel of 15x15",
                 extents[2] == Extent{7, 7, 49} && extents[3] == Extent{15, 15, 225});
    lesson.holds("1x7 then 7x1 covers the same pixels as 7x7, with 14 weights instead of 49", extents[5] == extents[4]);
    lesson.picture("06_receptive_fields.png",
                   viz::image_grid(maps, {.columns = 3, .enlarge = 1, .captions = captions}));
    lesson.learned(
        "a kernel covers dilation * (kernel - 1) + 1 pixels per axis; each stacked layer adds dilation * (kernel - "
        "1).\n"
        "Factorized kernels need 2n weights instead of n * n, but can only represent kernels of rank one.");
  });
}
