// 08: four kinds of dropout. Dropout zeroes single elements, dropout2d whole channels, DropBlock squares of a feature
// map, and DropConnect weights of the kernel, which changes the whole result slightly. The rest is scaled up so that
// the expected value is the result without dropout.
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/random.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

constexpr double p = 0.3;
constexpr std::int64_t channels = 4;
constexpr std::int64_t size = 32;

/// Kernels for slopes in four directions, which produce the feature maps.
Array kernels() {
  return Array::from<float>({channels, 1, 3, 3}, {1, 2, 1,  0,  0, 0,  -1, -2, -1,  //
                                                  1, 0, -1, 2,  0, -2, 1,  0,  -1,  //
                                                  2, 1, 0,  1,  0, -1, 0,  -1, -2,  //
                                                  0, 1, 2,  -1, 0, 1,  -2, -1, 0});
}

struct Kind {
  std::string name;
  std::function<Tensor(const Tensor& image, const Tensor& weight, RandomStream& stream)> apply;
};

Tensor features(const Tensor& image, const Tensor& weight) {
  return conv2d(image, weight, {}, {.padding = 1});
}

const std::vector<Kind> kinds = {
    {"none", [](const Tensor& x, const Tensor& w, RandomStream&) { return features(x, w); }},
    {"dropout", [](const Tensor& x, const Tensor& w, RandomStream& s) { return dropout(features(x, w), p, s); }},
    {"dropout2d", [](const Tensor& x, const Tensor& w, RandomStream& s) { return dropout2d(features(x, w), p, s); }},
    {"drop_block2d",
     [](const Tensor& x, const Tensor& w, RandomStream& s) { return drop_block2d(features(x, w), p, 7, s); }},
    {"drop_connect",
     [](const Tensor& x, const Tensor& w, RandomStream& s) { return features(x, drop_connect(w, p, s)); }}};

void pictures(Lesson& lesson) {
  lesson.part("A feature map of four channels, p = 0.3");
  const Array image = star(size);
  std::vector<Array> maps;
  std::vector<viz::Caption> captions;
  for (const Kind& kind : kinds) {
    RandomStream stream{.seed = 1};
    const Array y = kind.apply(image, kernels(), stream).array();
    for (std::int64_t c = 0; c < channels; ++c) {
      maps.push_back(framed_map(plane_of(y, 0, c), 4, 4));
      captions.push_back(caption(c == 0 ? kind.name : " "));
    }
  }
  lesson.picture("08_dropouts.png", viz::image_grid(maps, {.columns = channels, .enlarge = 1, .captions = captions}));
}

/// Prints the fraction of zeros and the mean of each dropout of ones.
void rates(Lesson& lesson) {
  lesson.part("Dropped fraction and mean");
  const Array ones = Array::full({64, 16, 24, 24}, 1);
  RandomStream stream{.seed = 2};
  const std::vector<std::pair<std::string, Array>> dropped = {
      {"dropout", dropout(ones, p, stream).array()},
      {"dropout2d", dropout2d(ones, p, stream).array()},
      {"drop_block2d", drop_block2d(ones, p, 5, stream).array()},
      {"drop_connect", drop_connect(ones, p, stream).array()},
      {"stochastic_depth", stochastic_depth(ones, p, stream).array()}};
  for (const auto& [name, y] : dropped) {
    std::int64_t zeros = 0;
    double total = 0;
    for (const float value : y.to_vector<float>()) {
      zeros += value == 0 ? 1 : 0;
      total += static_cast<double>(value);
    }
    const auto count = static_cast<double>(y.numel());
    lesson.say(
        fmt::format("  {:<18} zeros {:.3f}   mean {:.3f}", name, static_cast<double>(zeros) / count, total / count));
  }
  const auto share = [](const Array& y) { return mean(y).item(); };
  lesson.holds("the mean of dropout applied to ones is close to 1",
               std::abs(share(dropped[0].second) - 1) < 0.01 && std::abs(share(dropped[3].second) - 1) < 0.01);
}

void masks(Lesson& lesson) {
  lesson.part("Backward uses the mask of forward");
  RandomStream stream{.seed = 3};
  const Tensor x = Tensor(Array::full({1, 1, 3, 6}, 1)).set_requires_grad();
  const Tensor y = dropout(x, 0.5, stream);
  sum(y).backward();
  lesson.show("dropout of ones", y.array());
  lesson.show("gradient of its sum", x.grad().array());
  lesson.holds("the gradient is the mask", is_close(x.grad().array(), y.array()));
  lesson.holds("the next call draws a different mask", !is_close(dropout(x, 0.5, stream).array(), y.array()));
  RandomStream again{.seed = 3};
  lesson.holds("the same seed, stream and step give the same mask",
               is_close(dropout(x, 0.5, again).array(), y.array()));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "08: four kinds of dropout", [](Lesson& lesson) {
    pictures(lesson);
    rates(lesson);
    masks(lesson);
    lesson.learned(
        "neighboring pixels carry nearly the same information, so zeroing single elements hides little of an image.\n"
        "For convolutional layers, drop channels, blocks or weights.");
  });
}
