// 18: feature maps of ResNet-18 for a 224 x 224 image: the 64 maps of the first convolution, and maps of each stage,
// whose number grows as their size shrinks. --weights FILE.safetensors (such as torchvision's) and --image FILE select
// weights and a photograph; by default the network is trained on generated shapes for a minute, and the image is drawn.
// Prints the sizes of the maps.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/drawing/figures.hpp>
#include <tapestry/data/image/image.hpp>
#include <tapestry/data/transforms/transform.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>
#include <tapestry/viz/feature_maps_grid.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t side = 224;

struct Options {
  std::string weights, image;
  bool quick = false;
};

/// A shape in the drawn image.
struct Part {
  std::string figure;
  data::Point center;  ///< as a fraction of the image
  data::Point radius;
  std::array<float, 3> color;
};

const std::vector<Part> parts = {
    {"circle", {0.80F, 0.18F}, {0.11F, 0.11F}, {1.0F, 0.86F, 0.35F}},
    {"circle", {0.15F, 1.15F}, {0.75F, 0.42F}, {0.36F, 0.58F, 0.28F}},
    {"circle", {0.85F, 1.20F}, {0.70F, 0.44F}, {0.28F, 0.50F, 0.24F}},
    {"square", {0.36F, 0.66F}, {0.22F, 0.18F}, {0.86F, 0.72F, 0.58F}},
    {"triangle", {0.36F, 0.42F}, {0.27F, 0.17F}, {0.68F, 0.24F, 0.20F}},
    {"square", {0.36F, 0.74F}, {0.07F, 0.13F}, {0.40F, 0.24F, 0.16F}},
    {"cross", {0.25F, 0.62F}, {0.06F, 0.06F}, {0.62F, 0.82F, 0.94F}},
    {"cross", {0.47F, 0.62F}, {0.06F, 0.06F}, {0.62F, 0.82F, 0.94F}},
    {"square", {0.78F, 0.76F}, {0.025F, 0.16F}, {0.42F, 0.28F, 0.18F}},
    {"circle", {0.78F, 0.54F}, {0.14F, 0.17F}, {0.16F, 0.42F, 0.20F}},
    {"heart", {0.74F, 0.52F}, {0.035F, 0.035F}, {0.86F, 0.16F, 0.18F}},
    {"heart", {0.84F, 0.60F}, {0.035F, 0.035F}, {0.86F, 0.16F, 0.18F}},
    {"crescent", {0.12F, 0.16F}, {0.07F, 0.08F}, {0.96F, 0.96F, 0.98F}},
};

/// A house and a tree on hills, with shading and slight noise; u8 (3, side, side).
Array drawn_image() {
  const auto& names = data::figure_names();
  const auto size = static_cast<float>(side);
  const auto noise = RandomStream{.seed = 18}.normal({3, side, side}, 0, 0.02).to_vector<float>();
  Array image = Array::empty({3, side, side}, DType::u8);
  auto* out = image.mutable_data<std::uint8_t>();
  for (std::int64_t i = 0; i < side * side; ++i) {
    const data::Point at = {static_cast<float>(i % side) / size, static_cast<float>(i / side) / size};
    std::array<float, 3> color = {0.45F + 0.4F * at.y, 0.66F + 0.25F * at.y, 0.92F};
    for (const Part& part : parts) {
      const auto number = static_cast<int>(std::find(names.begin(), names.end(), part.figure) - names.begin());
      const data::Point within = {(at.x - part.center.x) / part.radius.x, (at.y - part.center.y) / part.radius.y};
      const float smaller = std::min(part.radius.x, part.radius.y);
      const float cover = std::clamp(0.5F - data::figure_distance(number, within) * smaller * size, 0.0F, 1.0F);
      const float light = 1 - 0.15F * (within.x + within.y);
      for (std::size_t c = 0; c < 3; ++c) color[c] += cover * (part.color[c] * light - color[c]);
    }
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto place = static_cast<std::size_t>(c * side * side + i);
      const float value = color[static_cast<std::size_t>(c)] + noise[place];
      out[place] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
    }
  }
  return image;
}

/// The central square of the image, resized: (1, 3, side, side) with values in [0, 1].
Array open_image(const std::string& path) {
  const Array image = path.empty() ? drawn_image() : data::read_image(path);
  RandomStream unused;
  const Array numbers = data::to_float()(image, unused).reshape({1, 3, image.size(1), image.size(2)});
  const std::int64_t height = image.size(1), width = image.size(2), shorter = std::min(height, width);
  const std::int64_t top = (height - shorter) / 2, left = (width - shorter) / 2;
  const Tensor square = slice(slice(numbers, 2, top, top + shorter), 3, left, left + shorter);
  return interpolate(square, {.size = Pair(side, side), .mode = InterpolationMode::bilinear}).array();
}

/// A network trained on generated shapes at twice their size, so that the last stage has more than one pixel.
models::ResNet trained_on_figures(bool quick) {
  manual_seed(0);
  models::ResNet model = models::resnet18(10);
  train_on(model, *lesson_images("", data::Split::train), {.steps = quick ? 5 : 100, .batch_size = 32, .enlarge = 2});
  return model;
}

models::ResNet with_weights(const std::string& path) {
  models::ResNet model = models::resnet18();
  model.load_state_dict(io::load_safetensors(path));
  return model;
}

/// (1, C, H, W) → (C, H, W).
Array only(const Array& maps) {
  return maps.reshape({maps.size(1), maps.size(2), maps.size(3)});
}

/// The `count` maps of (C, H, W) with the largest variance.
Array liveliest(const Array& maps, std::int64_t count) {
  const auto spread = var(maps, {1, 2}).array().to_vector<float>();
  std::vector<std::int64_t> order(spread.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return spread[static_cast<std::size_t>(a)] > spread[static_cast<std::size_t>(b)];
  });
  order.resize(static_cast<std::size_t>(count));
  return index_select(maps, 0, Array::from({count}, order)).array();
}

void run(Lesson& lesson, const Options& options) {
  const Array image = open_image(options.image);
  lesson.picture("18_image.png", viz::to_picture(only(image), {0, 0, 0}, {1, 1, 1}));
  models::ResNet model = options.weights.empty() ? trained_on_figures(options.quick) : with_weights(options.weights);
  model.eval();

  const std::vector<std::string> stages = {"conv1", "layer1", "layer2", "layer3", "layer4"};
  const nn::FeatureMaps maps(model, stages);
  const NoGradGuard no_grad;
  // The normalization of torchvision's weights.
  const Tensor mean = Array::from<float>({1, 3, 1, 1}, {0.485F, 0.456F, 0.406F});
  const Tensor deviation = Array::from<float>({1, 3, 1, 1}, {0.229F, 0.224F, 0.225F});
  model((image - mean) / deviation);

  lesson.part("Feature maps of each stage");
  std::vector<Array> rows;
  std::vector<viz::Caption> captions;
  bool all_halve = true;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Array of_stage = only(maps[stages[i]].array());
    lesson.say(fmt::format("  {:<6}  {}", stages[i], to_string(of_stage.shape())));
    all_halve = all_halve && of_stage.size(1) == side >> (i + 1) && of_stage.size(2) == side >> (i + 1);
    rows.push_back(viz::feature_maps_grid(liveliest(of_stage, 8), {.columns = 8, .enlarge = std::int64_t{1} << i}));
    captions.push_back(caption(
        fmt::format("{}: 8 of {} maps of {} x {}", stages[i], of_stage.size(0), of_stage.size(1), of_stage.size(2))));
  }
  lesson.holds("each stage halves the size: 112, 56, 28, 14, 7", all_halve);
  lesson.picture("18_conv1.png", viz::feature_maps_grid(only(maps["conv1"].array())));
  lesson.picture("18_stages.png", viz::image_grid(rows, {.columns = 1, .enlarge = 1, .captions = captions}));
  lesson.learned(
      "hooks capture the output of any layer. Early maps resemble the image and show edges and colors; late maps show\n"
      "where something is, no longer what it looks like.");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return run_lesson(
      argc, argv, "18: feature maps of ResNet-18", [&](Lesson& lesson) { run(lesson, options); },
      {{"--weights", &options.weights, "Weights of ResNet-18 with torchvision's names (a .safetensors file)"},
       {"--image", &options.image, "Image file, PNG or JPEG"},
       {"--quick", &options.quick, "Train for only 5 steps, for the tests"}});
}
