// 17: custom parts. This file defines an operator with its gradient, a data set and a model, and combines them with the
// library's parts into a network that reads the hour from drawn clocks.
//
// Result: an accuracy of 0.996 on 1000 held-out clocks.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/drawing/strokes.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>
#include <tapestry/viz/progress.hpp>

#include "lesson/lesson.hpp"

using namespace tapestry;

namespace {

// ---- An operator ----------------------------------------------------------------------------------------------------

/// The square of a ReLU.
struct SquaredRelu {
  static constexpr std::string_view name = "squared_relu";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_floating(name, x, [](auto value) {
      const auto positive = std::max<decltype(value)>(value, 0);
      return positive * positive;
    });
  }

  // A single pass, used when the gradient is not recorded.
  Array backward(const Array& gradient) const {
    return detail::map_floating(name, gradient, x_.array(),
                                [](auto g, auto value) { return 2 * g * std::max<decltype(value)>(value, 0); });
  }
  // Made of operators, so that it has derivatives itself.
  Tensor backward(const Tensor& gradient) const { return 2 * gradient * relu(x_.tensor()); }
};

/// max(x, 0)², elementwise (So et al., "Primer", 2021). Throws a DTypeError unless x is floating.
Tensor squared_relu(const Tensor& x) {
  return record(SquaredRelu{}, x);
}

// ---- A data set -----------------------------------------------------------------------------------------------------

/// Drawn clocks, u8 (3, 40, 40), labeled with the hour; 0 is twelve. Clock i is a function of (seed, i).
class Clocks : public data::Dataset {
 public:
  Clocks(std::int64_t size, std::uint64_t seed) : size_(size), seed_(seed) {}

  std::int64_t size() const override { return size_; }

  std::vector<std::string> class_names() const override {
    std::vector<std::string> names = {"12"};
    for (int hour = 1; hour < 12; ++hour) names.push_back(std::to_string(hour));
    return names;
  }

  data::Sample get(std::int64_t index) const override {
    RandomStream random{.seed = seed_, .stream = clocks_stream, .step = static_cast<std::uint64_t>(index)};
    const auto draws = random.uniform({12}).to_vector<float>();
    const auto minutes = static_cast<int>(draws[0] * 720);
    Array image = Array::empty({3, side, side}, DType::u8, MemoryFormat::channels_last);
    const data::Color wall = mixed(draws[1], draws[2], draws[3]);
    data::fill_rectangle(image, 0, 0, side, side, wall);
    const Face face = {.middle = {18 + 4 * draws[4], 18 + 4 * draws[5]},
                       .radius = 14 + 3 * draws[6],
                       .tilt = 0.15F * (draws[7] - 0.5F)};
    data::fill_disc(image, face.middle, face.radius + 1, {60, 60, 60});
    data::fill_disc(image, face.middle, face.radius, {250, 250, 240});
    for (int tick = 0; tick < 12; ++tick) {
      draw_hand(image, face, static_cast<float>(tick) / 12, 0.85F, 0.95F, tick % 3 == 0 ? 1.6F : 0.8F, {120, 120, 120});
    }
    draw_hand(image, face, static_cast<float>(minutes) / 720, -0.1F, 0.5F, 2.4F, mixed(draws[8], 0.1F, draws[9]));
    draw_hand(image, face, static_cast<float>(minutes % 60) / 60, -0.1F, 0.85F, 1.3F,
              mixed(draws[10], 0.1F, draws[11]));
    return {.image = image, .label = minutes / 60};
  }

 private:
  static constexpr std::int64_t side = 40;
  static constexpr std::uint64_t clocks_stream = 0x636c6f636b73;

  struct Face {
    data::Point middle;
    float radius;
    float tilt;  ///< in radians
  };

  static data::Color mixed(float red, float green, float blue) {
    const auto part = [](float share) { return static_cast<std::uint8_t>(std::lround(200 * share)); };
    return {part(red), part(green), part(blue)};
  }

  /// Draws a line at an angle (in turns, clockwise from the top) between two distances from the center (in radii).
  static void draw_hand(Array& image, const Face& face, float turn, float from, float to, float width,
                        data::Color color) {
    const float angle = 2 * std::numbers::pi_v<float> * turn + face.tilt;
    const auto at = [&](float distance) {
      return data::Point{face.middle.x + face.radius * distance * std::sin(angle),
                         face.middle.y - face.radius * distance * std::cos(angle)};
    };
    data::draw_line(image, at(from), at(to), width, color);
  }

  std::int64_t size_;
  std::uint64_t seed_;
};

// ---- A model --------------------------------------------------------------------------------------------------------

/// Convolution, batch norm, squared ReLU and max-pooling that halves the size.
class Stage : public nn::Module {
 public:
  Stage(std::int64_t in, std::int64_t out)
      : conv_(add("conv",
                  nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1, .bias = false}))),
        norm_(add("norm", nn::BatchNorm2d({.num_features = out}))) {}

  Tensor forward(const Tensor& x) const override {
    return max_pool2d(squared_relu(norm_(conv_(x))), {.kernel_size = 2});
  }

 private:
  nn::Conv2d& conv_;
  nn::BatchNorm2d& norm_;
};

/// Clocks (N, 3, 40, 40) → logits (N, 12). Positions matter, so the last feature maps are flattened rather than
/// averaged.
class ClockReader : public nn::Module {
 public:
  ClockReader()
      : stage1_(add("stage1", Stage(3, 24))),
        stage2_(add("stage2", Stage(24, 48))),
        stage3_(add("stage3", Stage(48, 64))),
        hidden_(add("hidden", nn::Linear({.in_features = 64 * 5 * 5, .out_features = 128}))),
        head_(add("head", nn::Linear({.in_features = 128, .out_features = 12}))) {}

  Tensor forward(const Tensor& x) const override {
    return head_(relu(hidden_(flatten(stage3_(stage2_(stage1_(x))), 1))));
  }

 private:
  Stage& stage1_;
  Stage& stage2_;
  Stage& stage3_;
  nn::Linear& hidden_;
  nn::Linear& head_;
};

// ---- Combined -------------------------------------------------------------------------------------------------------

void check_operator(Lesson& lesson) {
  lesson.part("The operator and its gradients");
  const Array x = Array::from<float>({5}, {-2, -1, 0, 1, 3});
  const Tensor leaf = Tensor(x).set_requires_grad();
  const Tensor y = squared_relu(leaf);
  sum(y).backward();
  lesson.show("x", x);
  lesson.show("squared_relu(x)", y.array());
  lesson.show("gradient", leaf.grad().array());
  RandomStream random{.seed = 1};
  const Array inputs = random.normal({3, 7}, 0, 1, DType::f64);
  const auto function = [](const std::vector<Tensor>& in) { return squared_relu(in[0]); };
  lesson.holds("gradcheck: the gradient agrees with finite differences", gradcheck(function, {inputs}).ok);
  lesson.holds("gradgradcheck: so does the second derivative", gradgradcheck(function, {inputs}).ok);
}

void train(ClockReader& model, const Clocks& clocks, std::int64_t epochs) {
  data::Loader loader(clocks, {.batch_size = 50, .shuffle = true});
  optim::AdamW optimizer(model.parameters(), {.weight_decay = 0.05});
  optim::Schedule schedule(optimizer,
                           optim::OneCycleOptions{.max_lr = 0.004, .total_steps = epochs * loader.batches()});
  viz::Progress progress("reading the clock", epochs * clocks.size());
  std::int64_t done = 0;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [images, labels] : loader) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(model(images), labels);
      loss.backward();
      optimizer.step();
      schedule.step();
      progress.update(done += labels.numel(), fmt::format("loss {:.4f}", loss.item()));
    }
  }
  progress.finish();
}

std::vector<std::int64_t> read_hours(ClockReader& model, const Clocks& clocks) {
  const NoGradGuard no_grad;
  model.eval();
  data::Loader loader(clocks, {.batch_size = 100});
  std::vector<std::int64_t> hours;
  for (const auto& [images, labels] : loader) {
    for (const std::int64_t hour : argmax(model(images), 1).to_vector<std::int64_t>()) hours.push_back(hour);
  }
  return hours;
}

void learn_the_clock(Lesson& lesson, bool quick) {
  lesson.part("The data set and the model");
  const Clocks clocks(quick ? 4000 : 8000, 1), new_clocks(quick ? 400 : 1000, 2);
  manual_seed(1);
  ClockReader model;
  train(model, clocks, quick ? 3 : 5);

  const auto read = read_hours(model, new_clocks);
  const auto names = new_clocks.class_names();
  double right = 0;
  std::vector<Array> pictures;
  std::vector<viz::Caption> captions;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const data::Sample clock = new_clocks.get(static_cast<std::int64_t>(i));
    const bool is_right = read[i] == clock.label;
    right += is_right ? 1 : 0;
    if (i >= 24) continue;
    pictures.push_back(clock.image);
    captions.push_back(
        {names[static_cast<std::size_t>(read[i])] + " h", is_right ? data::Color{0, 130, 60} : data::Color{200, 0, 0}});
  }
  right /= static_cast<double>(read.size());
  lesson.say(fmt::format("accuracy on held-out clocks {:.3f}", right));
  lesson.picture("17_clocks.png", viz::image_grid(pictures, {.columns = 8, .enlarge = 3, .captions = captions}));
  lesson.holds(quick ? "at least 0.8" : "at least 0.95", right >= (quick ? 0.8 : 0.95));
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  return run_lesson(
      argc, argv, "17: an operator, a data set and a model of your own",
      [&](Lesson& lesson) {
        check_operator(lesson);
        learn_the_clock(lesson, quick);
        lesson.learned(
            "an operator is a struct with forward and backward, a data set is a class with size and get, and a model "
            "is a\n"
            "class with forward. They need no registration and work with the tape, the loader and the optimizers.");
      },
      {{"--quick", &quick, "Use fewer clocks and epochs, for the tests"}});
}
