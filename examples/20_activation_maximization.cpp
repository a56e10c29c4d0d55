// 20: activation maximization shows what units of a network respond to. Gradient ascent changes a noise image to
// maximize a unit's activation. The results are colors and edges in the first layers, corners and curves in later ones,
// and whole shapes at the end. Prints the logits before and after: each rises by more than 5.
#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/inspect/activation_maximization.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

struct Options {
  std::string data;
  bool quick = false;
};

Array first_units(std::int64_t count) {
  std::vector<std::int64_t> units;
  for (std::int64_t unit = 0; unit < count; ++unit) units.push_back(unit);
  return Array::from({count}, units);
}

/// The initial noise; with a smaller deviation, many units would have zero gradient because of the ReLU.
Array noise(std::int64_t count, std::int64_t side) {
  RandomStream random{.seed = 1};
  return random.normal({count, 3, side, side}, 0, 1);
}

/// The logit of class i for image i.
std::vector<double> own_logits(nn::Module& model, const Array& images) {
  const NoGradGuard no_grad;
  const Array logits = model(images).array();
  std::vector<double> own;
  for (std::int64_t i = 0; i < images.size(0); ++i) own.push_back(logits.at({i, i}));
  return own;
}

void classes(Lesson& lesson, nn::Module& model, std::int64_t steps, double least_rise,
             const std::vector<std::string>& names) {
  lesson.part("Images that maximize each class");
  const std::int64_t count = std::ssize(names);
  const Array start = noise(count, 48);
  const Array images = nn::maximize_activation(model, start, first_units(count), {.layer = "", .steps = steps});
  const auto before = own_logits(model, start), after = own_logits(model, images);
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  bool all_rise = true;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    lesson.say(fmt::format("  {:<10}  logit {:>6.1f} -> {:>6.1f}", names[at], before[at], after[at]));
    all_rise = all_rise && after[at] > before[at] + least_rise;
    pictures.push_back(network_picture(images, i));
    captions.push_back(caption(names[at]));
  }
  lesson.holds(fmt::format("every logit rises by more than {}", least_rise), all_rise);
  lesson.picture("20_classes.png", viz::image_grid(pictures, {.columns = 5, .enlarge = 3, .captions = captions}));
}

void layers(Lesson& lesson, nn::Module& model, std::int64_t steps) {
  lesson.part("Channels of each layer, after batch norm and ReLU");
  constexpr std::int64_t count = 8;
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  for (const char* layer : {"relu1", "relu2", "relu3", "relu4", "relu5"}) {
    const Array images =
        nn::maximize_activation(model, noise(count, 48), first_units(count), {.layer = layer, .steps = steps});
    for (std::int64_t i = 0; i < count; ++i) {
      pictures.push_back(network_picture(images, i));
      captions.push_back(caption(i == 0 ? layer : " "));
    }
  }
  lesson.picture("20_layers.png", viz::image_grid(pictures, {.columns = count, .enlarge = 2, .captions = captions}));
}

void run(Lesson& lesson, const Options& options) {
  const auto names = class_names(*lesson_images(options.data, data::Split::test));
  const auto model = trained_network(lesson, options.data, options.quick);
  const std::int64_t steps = options.quick ? 60 : 200;
  classes(lesson, *model, steps, options.quick ? 1 : 5, names);
  layers(lesson, *model, steps);
  lesson.learned(
      "units of early layers respond to colors and edges, those of late layers to parts of the objects. Maximizing\n"
      "images are not natural: without decay, blur and jitter they would be noise.");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return run_lesson(argc, argv, "20: activation maximization", [&](Lesson& lesson) { run(lesson, options); },
                    {{"--quick", &options.quick, "Train for a third of the steps, for the tests"},
                     {"--data", &options.data, "Folder with 32 x 32 images, in the layouts of train_cifar10 --data"}});
}
