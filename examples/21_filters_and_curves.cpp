// 21: what changes during training. The filters of the first convolution turn from noise into edges, stripes and color
// patches, while the loss falls and the accuracy rises. Prints both at the end: 0.03 and 99.6 % on generated shapes.
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include <tapestry/core/random.hpp>
#include <tapestry/viz/curves.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

struct Options {
  std::string data;
  bool quick = false;
};

/// A moving average, which smooths out the variation between batches.
class SmoothSeries {
 public:
  explicit SmoothSeries(std::string name) : series_{.name = std::move(name), .x = {}, .y = {}} {}

  void add(double value) {
    ++steps_;
    mean_ = steps_ == 1 ? value : 0.9 * mean_ + 0.1 * value;
    series_.x.push_back(static_cast<double>(steps_));
    series_.y.push_back(mean_);
  }
  const viz::Series& series() const { return series_; }
  double last() const { return mean_; }

 private:
  viz::Series series_;
  std::int64_t steps_ = 0;
  double mean_ = 0;
};

Array filters(nn::Module& model) {
  return model.get_submodule<nn::Conv2d>("conv1").weight().array().clone();
}

void draw_curves(Lesson& lesson, const SmoothSeries& loss, const SmoothSeries& accuracy) {
  const std::string file = lesson.file("21_curves.png");
  // Without gnuplot, a picture of an earlier run must not stay.
  std::filesystem::remove(file);
  viz::write_curves(file, "Training",
                    {{.x_label = "step", .y_label = "loss", .series = {loss.series()}},
                     {.x_label = "step", .y_label = "accuracy", .series = {accuracy.series()}}});
  lesson.say("picture: " + file);
}

void run(Lesson& lesson, const Options& options) {
  manual_seed(1);
  FiguresNetwork model;
  const Array before = filters(model);
  SmoothSeries loss("loss"), accuracy("accuracy");
  TrainOptions training;
  if (options.quick) training.steps = 60;
  train_on(model, *lesson_images(options.data, data::Split::train), training, [&](double step_loss, double share) {
    loss.add(step_loss);
    accuracy.add(share);
  });
  lesson.say(fmt::format("loss {:.3f}, accuracy {:.1f} % over the last steps", loss.last(), 100 * accuracy.last()));
  lesson.picture(
      "21_filters.png",
      viz::image_grid({viz::filters_grid(before, {.enlarge = 6}), viz::filters_grid(filters(model), {.enlarge = 6})},
                      {.columns = 2, .enlarge = 1, .captions = {caption("before"), caption("after training")}}));
  lesson.holds("the loss is below that of guessing, ln 10", loss.last() < std::log(10.0));
  lesson.learned("look at filters and curves first: filters that still look like noise have learned nothing.");
  draw_curves(lesson, loss, accuracy);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return run_lesson(argc, argv, "21: first filters and training curves", [&](Lesson& lesson) { run(lesson, options); },
                    {{"--quick", &options.quick, "Train for only 60 steps, for the tests"},
                     {"--data", &options.data, "Folder with 32 x 32 images, in the layouts of train_cifar10 --data"}});
}
