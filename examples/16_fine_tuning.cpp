// 16: fine-tuning. A network learns six kinds of shapes from thousands of images. Then four other kinds are learned
// from ten images each, in three ways: from scratch; with frozen convolutions and a new head; and with all parameters
// trained, the convolutions at a fiftieth of the head's learning rate.
//
// Results (accuracy on held-out images): six shapes 0.905; four others from scratch 0.341, with a new head 0.960,
// fine-tuned 0.973.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/data/transforms/transform.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>
#include <tapestry/nn/sequential.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/viz/curves.hpp>
#include <tapestry/viz/progress.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

/// Images (N, 3, 32, 32) → logits (N, classes): convolutional features and a linear head.
class Network : public nn::Module {
 public:
  explicit Network(std::int64_t classes)
      : head_(add("head", nn::Linear({.in_features = 64, .out_features = classes}))) {}

  Tensor forward(const Tensor& x) const override { return head_(flatten(global_avg_pool2d(features_(x)), 1)); }

  nn::Sequential& features() { return features_; }
  nn::Linear& head() { return head_; }

 private:
  static nn::Conv2d conv(std::int64_t in, std::int64_t out) {
    return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1, .bias = false});
  }
  static nn::BatchNorm2d norm(std::int64_t channels) { return nn::BatchNorm2d({.num_features = channels}); }
  static nn::MaxPool2d pool() { return nn::MaxPool2d({.kernel_size = 2}); }

  nn::Sequential& features_ =
      add("features", nn::sequential({conv(3, 32), norm(32), nn::ReLU(), pool(), conv(32, 64), norm(64), nn::ReLU(),
                                      pool(), conv(64, 64), norm(64), nn::ReLU()}));
  nn::Linear& head_;
};

/// `of_each` images of each of the `count` shapes from `first` on, with labels from 0.
data::ArrayDataset figures(data::Split split, std::int64_t first, std::int64_t count, std::int64_t of_each) {
  const data::Shapes all({.split = split, .size = 10 * of_each});
  Array images = Array::empty({count * of_each, 3, 32, 32}, DType::u8, MemoryFormat::channels_last);
  const auto drawn = all.labels().to_vector<std::int64_t>();
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < all.size(); ++i) {
    const std::int64_t label = drawn[static_cast<std::size_t>(i)] - first;
    if (label < 0 || label >= count) continue;
    const auto place = std::ssize(labels);
    images.slice(place, place + 1).copy_from(all.images().slice(i, i + 1));
    labels.push_back(label);
  }
  const auto names = all.class_names();
  return data::ArrayDataset(images, Array::from({count * of_each}, labels),
                            {names.begin() + first, names.begin() + first + count});
}

std::vector<std::int64_t> guesses(Network& network, const data::Dataset& images) {
  const NoGradGuard no_grad;
  network.eval();
  data::Loader loader(images, {.batch_size = 200});
  std::vector<std::int64_t> result;
  for (const auto& [batch, labels] : loader) {
    for (const std::int64_t guess : argmax(network(batch), 1).to_vector<std::int64_t>()) result.push_back(guess);
  }
  return result;
}

double accuracy(Network& network, const data::ArrayDataset& images) {
  const auto guessed = guesses(network, images);
  const auto wanted = images.labels().to_vector<std::int64_t>();
  double right = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) right += guessed[i] == wanted[i] ? 1 : 0;
  return right / static_cast<double>(images.size());
}

struct Course {
  std::string name;
  std::int64_t epochs;
  std::int64_t batch_size;
  std::int64_t epochs_between_looks;
  bool is_features_eval = false;  ///< batch norm uses its running statistics
};

/// Trains and measures the accuracy on `test` every `epochs_between_looks` epochs.
viz::Series train(Network& network, const data::Dataset& images, const data::ArrayDataset& test,
                  optim::Optimizer& optimizer, const Course& course) {
  data::Loader loader(
      images,
      {.batch_size = course.batch_size,
       .shuffle = true,
       .transform = data::compose({data::random_crop({.size = 32, .padding = 2}), data::random_horizontal_flip()})});
  viz::Series curve{.name = course.name, .x = {}, .y = {}};
  viz::Progress progress(course.name, course.epochs * images.size());
  for (std::int64_t epoch = 0; epoch <= course.epochs; ++epoch) {
    if (epoch % course.epochs_between_looks == 0 || epoch == course.epochs) {
      curve.x.push_back(static_cast<double>(epoch));
      curve.y.push_back(accuracy(network, test));
    }
    if (epoch == course.epochs) break;
    network.train();
    if (course.is_features_eval) network.features().eval();
    double total = 0;
    for (const auto& [batch, labels] : loader) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(network(batch), labels);
      loss.backward();
      optimizer.step();
      total += loss.item();
    }
    progress.update((epoch + 1) * images.size(),
                    fmt::format("loss {:.4f}", total / static_cast<double>(loader.batches())));
  }
  progress.finish();
  return curve;
}

bool same_bits(const nn::StateDict& a, const nn::StateDict& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!is_close(a[i].second, b[i].second)) return false;
  }
  return true;
}

/// A network with the features of a trained one and a new head.
Network with_new_head(Network& trained, std::int64_t classes) {
  Network network(classes);
  network.features().load_state_dict(trained.features().state_dict());
  return network;
}

void show_guesses(Lesson& lesson, const data::ArrayDataset& test, Network& scratch, Network& tuned) {
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  const auto names = test.class_names();
  for (Network* network : {&scratch, &tuned}) {
    const auto guessed = guesses(*network, test);
    for (std::size_t i = 0; i < 12; ++i) {
      const data::Sample sample = test.get(static_cast<std::int64_t>(i));
      const bool is_right = guessed[i] == sample.label;
      pictures.push_back(sample.image);
      captions.push_back(
          {names[static_cast<std::size_t>(guessed[i])], is_right ? data::Color{0, 130, 60} : data::Color{200, 0, 0}});
    }
  }
  lesson.say("Predictions for twelve held-out images, from scratch (top) and fine-tuned (bottom):");
  lesson.picture("16_guesses.png", viz::image_grid(pictures, {.columns = 12, .enlarge = 3, .captions = captions}));
}

void fine_tuning(Lesson& lesson, bool quick) {
  lesson.part("Six shapes, many images");
  const data::ArrayDataset many = figures(data::Split::train, 0, 6, quick ? 500 : 1500);
  const data::ArrayDataset many_test = figures(data::Split::test, 0, 6, 100);
  manual_seed(1);
  Network trained(6);
  optim::AdamW first(trained.parameters(), {.lr = 0.003});
  train(trained, many, many_test, first, {"six shapes", quick ? 5 : 10, 50, 100});
  const double of_six = accuracy(trained, many_test);
  lesson.say(fmt::format("accuracy on held-out images {:.3f}", of_six));

  lesson.part("Four other shapes, ten images of each");
  const data::ArrayDataset few = figures(data::Split::train, 6, 4, 10);
  const data::ArrayDataset test = figures(data::Split::test, 6, 4, 200);
  const std::int64_t epochs = quick ? 40 : 150;
  viz::Panel panel{.y_label = "accuracy on held-out images", .series = {}};

  Network scratch(4);
  optim::AdamW all(scratch.parameters(), {.lr = 0.005});
  panel.series.push_back(train(scratch, few, test, all, {"from scratch", epochs, 20, 10}));

  Network headed = with_new_head(trained, 4);
  headed.features().set_requires_grad(false);
  optim::AdamW of_head(headed.head().parameters(), {.lr = 0.01});
  panel.series.push_back(train(headed, few, test, of_head, {"new head", epochs, 20, 10, true}));
  lesson.holds("the frozen convolutions are unchanged, bit by bit",
               same_bits(headed.features().state_dict(), trained.features().state_dict()));

  Network tuned = with_new_head(trained, 4);
  optim::AdamW groups({{.parameters = tuned.features().parameters(), .options = {.lr = 0.0002}},
                       {.parameters = tuned.head().parameters(), .options = {.lr = 0.01}}});
  panel.series.push_back(train(tuned, few, test, groups, {"fine-tuned", epochs, 20, 10, true}));

  for (const viz::Series& curve : panel.series) {
    lesson.say(fmt::format("  {:<14} accuracy {:.3f}", curve.name, curve.y.back()));
  }
  const double of_scratch = panel.series[0].y.back(), of_new_head = panel.series[1].y.back();
  const double of_tuned = panel.series[2].y.back(), least = quick ? 0.7 : 0.85;
  lesson.holds(fmt::format("both networks with trained convolutions reach {}", least),
               std::min(of_new_head, of_tuned) >= least);
  lesson.holds("training from scratch is at least 0.2 worse", of_scratch + 0.2 <= std::min(of_new_head, of_tuned));
  viz::write_curves(lesson.file("16_fine_tuning.png"), "Four shapes from ten images each", {panel});
  lesson.say("picture: " + lesson.file("16_fine_tuning.png"));
  show_guesses(lesson, test, scratch, tuned);
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  return run_lesson(
      argc, argv, "16: fine-tuning",
      [&](Lesson& lesson) {
        fine_tuning(lesson, quick);
        lesson.learned(
            "features learned on one task transfer to others. With few images, training a new head is almost enough; "
            "the\n"
            "other layers can follow at a much smaller learning rate, in a parameter group of their own.");
      },
      {{"--quick", &quick, "Use fewer images and epochs, for the tests"}});
}
