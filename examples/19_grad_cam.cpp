// 19: Grad-CAM shows which part of an image supports a class. A mosaic of four images contains four classes; for each
// class, the map of a network trained on single images highlights the correct quarter. Prints how often the maximum of
// the map lies there.
#include <algorithm>

#include <fmt/format.h>

#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/nn/inspect/grad_cam.hpp>
#include <tapestry/viz/overlay.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t side = 32;
constexpr std::int64_t parts = 4;
constexpr std::int64_t shown = 4;

struct Options {
  std::string data;
  bool quick = false;
};

/// Four images in a 2 × 2 grid.
struct Mosaic {
  Array picture = Array::zeros({3, 2 * side, 2 * side}, DType::u8);
  std::vector<std::int64_t> labels = {};  ///< labels of the quarters, row by row
};

/// The next four images of different classes from `index` on; advances `index` past them.
Mosaic next_mosaic(const data::Dataset& images, std::int64_t& index) {
  Mosaic mosaic;
  while (std::ssize(mosaic.labels) < parts) {
    const auto [image, label] = images.get(index++);
    if (std::find(mosaic.labels.begin(), mosaic.labels.end(), label) != mosaic.labels.end()) continue;
    const std::int64_t place = std::ssize(mosaic.labels);
    data::paste(mosaic.picture, image, place % 2 * side, place / 2 * side);
    mosaic.labels.push_back(label);
  }
  return mosaic;
}

/// The maps (4, H, W) for the classes in a mosaic.
Array maps_of(nn::Module& model, const Mosaic& mosaic) {
  const Array inputs = network_input(std::vector<Array>(parts, mosaic.picture));
  return nn::grad_cam(model, FiguresNetwork::last_layer, inputs, Array::from({parts}, mosaic.labels));
}

/// The quarter that contains the maximum of a map (H, W).
std::int64_t brightest_quarter(const Array& map) {
  const auto values = map.to_vector<float>();
  const auto at = std::max_element(values.begin(), values.end()) - values.begin();
  return at / (2 * side) / side * 2 + at % (2 * side) / side;
}

Array map_at(const Array& maps, std::int64_t i) {
  return maps.slice(i, i + 1).reshape({maps.size(1), maps.size(2)});
}

void run(Lesson& lesson, const Options& options) {
  const auto images = lesson_images(options.data, data::Split::test);
  const auto model = trained_network(lesson, options.data, options.quick);
  const auto names = class_names(*images);

  lesson.part("Where is the class?");
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  std::int64_t index = 0, mosaics = 0, hits = 0;
  for (; mosaics < 50; ++mosaics) {
    const Mosaic mosaic = next_mosaic(*images, index);
    const Array maps = maps_of(*model, mosaic);
    for (std::int64_t i = 0; i < parts; ++i) hits += brightest_quarter(map_at(maps, i)) == i ? 1 : 0;
    if (mosaics >= shown) continue;
    pictures.push_back(data::enlarge(mosaic.picture, 3));
    captions.push_back(caption("image"));
    for (std::int64_t i = 0; i < parts; ++i) {
      pictures.push_back(data::enlarge(viz::overlay(mosaic.picture, map_at(maps, i)), 3));
      captions.push_back(caption(names[static_cast<std::size_t>(mosaic.labels[static_cast<std::size_t>(i)])]));
    }
  }
  lesson.picture("19_grad_cam.png",
                 viz::image_grid(pictures, {.columns = 1 + parts, .enlarge = 1, .captions = captions}));
  const double share = static_cast<double>(hits) / static_cast<double>(mosaics * parts);
  lesson.say(fmt::format("The maximum lies in the quarter of the class in {} of {} maps.", hits, mosaics * parts));
  const double bound = !options.data.empty() ? 0.4 : options.quick ? 0.5 : 0.9;
  lesson.holds(fmt::format("in more than {:.0f} % (25 % would be chance)", 100 * bound), share > bound);
  lesson.learned(
      "a classifier locates objects without being trained to: the gradient of a class's logit weights the channels of\n"
      "the last feature maps, and their weighted sum is a map of the class.");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return run_lesson(argc, argv, "19: Grad-CAM", [&](Lesson& lesson) { run(lesson, options); },
                    {{"--quick", &options.quick, "Train for a third of the steps, for the tests"},
                     {"--data", &options.data, "Folder with 32 x 32 images, in the layouts of train_cifar10 --data"}});
}
