// 05: groups. A grouped convolution is several smaller convolutions side by side. With one group per channel it is
// depthwise; a depthwise convolution followed by a 1x1 convolution replaces a full one with an eighth of the
// parameters.
#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t groups) {
  return nn::Conv2d({.in_channels = in,
                     .out_channels = out,
                     .kernel_size = kernel,
                     .padding = kernel / 2,
                     .groups = groups,
                     .bias = false});
}

void weight_shapes(Lesson& lesson) {
  lesson.part("Weights of 8 -> 8 channels, kernel 3");
  for (const std::int64_t groups : {1, 2, 8}) {
    const Shape shape = conv(8, 8, 3, groups).weight().shape();
    lesson.say(fmt::format("  groups {}: {}", groups, to_string(shape)));
    lesson.holds("(out channels, in channels / groups, 3, 3)", shape == Shape{8, 8 / groups, 3, 3});
  }
}

void parameters(Lesson& lesson) {
  lesson.part("Parameters of 32 -> 64 channels, kernel 3");
  const std::int64_t standard = conv(32, 64, 3, 1).weight().numel();
  const std::int64_t depthwise = conv(32, 32, 3, 32).weight().numel();
  const std::int64_t pointwise = conv(32, 64, 1, 1).weight().numel();
  const std::int64_t separable = depthwise + pointwise;
  lesson.say(fmt::format("  standard:             {}", standard));
  lesson.say(fmt::format("  depthwise separable:  {} + {} = {}", depthwise, pointwise, separable));
  lesson.say(
      fmt::format("  ratio:                {:.2f}", static_cast<double>(standard) / static_cast<double>(separable)));
  lesson.holds("18432 against 2336", standard == 18432 && separable == 2336);
}

void side_by_side(Lesson& lesson) {
  lesson.part("Two groups are two convolutions side by side");
  RandomStream random{.seed = 5};
  const Array x = random.integers({1, 4, 5, 6}, 9).to(DType::f32);
  const Array weight = random.integers({6, 2, 3, 3}, 9).to(DType::f32);
  const Tensor grouped = conv2d(x, weight, {}, {.groups = 2});
  const Tensor first = conv2d(slice(x, 1, 0, 2), slice(weight, 0, 0, 3));
  const Tensor second = conv2d(slice(x, 1, 2, 4), slice(weight, 0, 3, 6));
  lesson.holds("concatenated along the channels they equal the grouped convolution",
               is_close(cat({first, second}, 1).array(), grouped.array()));
}

/// The input channels that each of 8 output channels of a function depends on, determined by the gradient: (8, 8).
template <class Function>
Array dependencies(const Function& function) {
  Array result = Array::zeros({8, 8});
  for (std::int64_t out = 0; out < 8; ++out) {
    const Tensor x = Tensor(Array::full({1, 8, 1, 1}, 1)).set_requires_grad();
    sum(slice(function(x), 1, out, out + 1)).backward();
    Array row = result.slice(out, out + 1);
    row.copy_from(x.grad().array().reshape({1, 8}));
  }
  return result;
}

void show_dependencies(Lesson& lesson) {
  lesson.part("Which outputs depend on which inputs");
  const auto grouped = [](const Tensor& x, std::int64_t groups) {
    return conv2d(x, Array::full({8, 8 / groups, 1, 1}, 1), {}, {.groups = groups});
  };
  const std::vector<std::pair<std::string, Array>> pictures = {
      {"groups 1", dependencies([&](const Tensor& x) { return grouped(x, 1); })},
      {"groups 2", dependencies([&](const Tensor& x) { return grouped(x, 2); })},
      {"groups 8 (depthwise)", dependencies([&](const Tensor& x) { return grouped(x, 8); })},
      {"groups 2 twice", dependencies([&](const Tensor& x) { return grouped(grouped(x, 2), 2); })},
      {"groups 2, shuffle, groups 2",
       dependencies([&](const Tensor& x) { return grouped(channel_shuffle(grouped(x, 2), 2), 2); })}};
  const auto connections = [&](std::size_t i) {
    std::int64_t count = 0;
    for (const float value : pictures[i].second.to_vector<float>()) count += value != 0 ? 1 : 0;
    return count;
  };
  lesson.holds("two consecutive grouped layers never mix the groups", connections(3) == 32);
  lesson.holds("with a channel shuffle between them, every output depends on every input", connections(4) == 64);
  std::vector<Array> maps;
  std::vector<viz::Caption> captions;
  for (const auto& [name, map] : pictures) {
    maps.push_back(framed_map(map, 18));
    captions.push_back(caption(name));
  }
  lesson.say("Rows are outputs, columns are inputs:");
  lesson.picture("05_groups.png", viz::image_grid(maps, {.columns = 5, .enlarge = 1, .captions = captions}));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "05: groups, depthwise convolution, parameters", [](Lesson& lesson) {
    weight_shapes(lesson);
    parameters(lesson);
    side_by_side(lesson);
    show_dependencies(lesson);
    lesson.learned(
        "n groups divide parameters and work by n but separate the channels; a 1x1 convolution or a channel shuffle\n"
        "mixes them again.");
  });
}
