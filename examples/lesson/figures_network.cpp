#include "lesson/figures_network.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/data/transforms/transform.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/inspect/evaluation_scope.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>
#include <tapestry/viz/progress.hpp>

#include "lesson/training.hpp"

using namespace tapestry;

namespace {

const std::vector<double> mean_color(3, 0.5);
const std::vector<double> color_deviation(3, 0.25);

data::Transform normalized() {
  return data::compose({data::to_float(), data::normalize(mean_color, color_deviation)});
}

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return nn::Conv2d({.in_channels = in,
                     .out_channels = out,
                     .kernel_size = kernel,
                     .stride = stride,
                     .padding = kernel / 2,
                     .bias = false});
}

nn::BatchNorm2d norm(std::int64_t channels) {
  return nn::BatchNorm2d({.num_features = channels});
}

std::int64_t count_right(const std::vector<std::int64_t>& predicted, const Array& labels) {
  const auto* label = labels.data<std::int64_t>();
  return std::count_if(predicted.begin(), predicted.end(), [&](std::int64_t answer) { return answer == *label++; });
}

}  // namespace

FiguresNetwork::FiguresNetwork()
    : conv1_(add("conv1", convolution(3, 32, 7, 1))),
      conv2_(add("conv2", convolution(32, 48, 3, 2))),
      conv3_(add("conv3", convolution(48, 48, 3, 1))),
      conv4_(add("conv4", convolution(48, 96, 3, 2))),
      conv5_(add("conv5", convolution(96, 96, 3, 1))),
      norm1_(add("norm1", norm(32))),
      norm2_(add("norm2", norm(48))),
      norm3_(add("norm3", norm(48))),
      norm4_(add("norm4", norm(96))),
      norm5_(add("norm5", norm(96))),
      relu1_(add("relu1", nn::ReLU())),
      relu2_(add("relu2", nn::ReLU())),
      relu3_(add("relu3", nn::ReLU())),
      relu4_(add("relu4", nn::ReLU())),
      relu5_(add("relu5", nn::ReLU())),
      head_(add("head", nn::Linear({.in_features = 96, .out_features = 10}))) {
  // Small weights, so that the learned patterns dominate pictures of the filters; the following norm restores the
  // scale.
  nn::init::normal(conv1_.weight(), 0, 0.01);
}

Tensor FiguresNetwork::forward(const Tensor& x) const {
  Tensor y = relu1_(norm1_(conv1_(x)));
  y = relu2_(norm2_(conv2_(y)));
  y = relu3_(norm3_(conv3_(y)));
  y = relu4_(norm4_(conv4_(y)));
  y = relu5_(norm5_(conv5_(y)));
  return head_(flatten(global_avg_pool2d(y), 1));
}

std::unique_ptr<data::Dataset> lesson_images(const std::string& folder, data::Split split) {
  if (!folder.empty()) return data::open_dataset(folder, split, {.max_classes = 10});
  return std::make_unique<data::Shapes>(
      data::ShapesOptions{.split = split, .size = split == data::Split::train ? 20000 : 2000});
}

std::vector<std::string> class_names(const data::Dataset& images) {
  auto names = images.class_names();
  while (names.size() < 10) names.push_back(std::to_string(names.size()));
  return names;
}

Array network_input(const std::vector<Array>& pictures) {
  std::vector<Tensor> inputs;
  RandomStream unused;
  for (const Array& picture : pictures) inputs.emplace_back(normalized()(picture, unused));
  return stack(inputs).array().contiguous(MemoryFormat::channels_last);
}

Array network_picture(const Array& inputs, std::int64_t index) {
  const Shape shape = {inputs.size(1), inputs.size(2), inputs.size(3)};
  return viz::to_picture(inputs.slice(index, index + 1).reshape(shape), mean_color, color_deviation);
}

void train_on(nn::Module& model, const data::Dataset& images, const TrainOptions& options,
              const std::function<void(double, double)>& after_step) {
  optim::AdamW optimizer(model.parameters(), {.lr = 0.004, .weight_decay = 0.01});
  optim::Schedule schedule(optimizer, optim::OneCycleOptions{.max_lr = 0.004, .total_steps = options.steps});
  data::Loader loader(
      images, {.batch_size = options.batch_size, .shuffle = true, .drop_last = true, .transform = normalized()});
  require_batches(loader);
  viz::Progress progress("training", options.steps * options.batch_size);
  model.train();
  for (std::int64_t step = 0; step < options.steps;) {
    for (const auto& [batch, labels] : loader) {
      Tensor x = batch;
      if (options.enlarge > 1) {
        x = interpolate(x, {.scale_factor = static_cast<double>(options.enlarge), .mode = InterpolationMode::bilinear});
      }
      optimizer.zero_grad();
      const Tensor logits = model(x);
      const Tensor loss = cross_entropy(logits, labels);
      loss.backward();
      optimizer.step();
      schedule.step();
      const auto right = count_right(argmax(logits.array(), 1).to_vector<std::int64_t>(), labels);
      const double accuracy = static_cast<double>(right) / static_cast<double>(options.batch_size);
      if (after_step) after_step(loss.item(), accuracy);
      ++step;
      progress.update(step * options.batch_size, fmt::format("loss {:.3f}", loss.item()));
      if (step == options.steps) break;
    }
  }
  progress.finish();
}

std::unique_ptr<FiguresNetwork> trained_network(Lesson& lesson, const std::string& folder, bool quick) {
  manual_seed(0);
  auto model = std::make_unique<FiguresNetwork>();
  const std::string name =
      fmt::format("figures_network{}{}.safetensors", folder.empty() ? "" : "_data", quick ? "_quick" : "");
  const std::string file = lesson.file(name);
  if (std::filesystem::exists(file)) {
    model->load_state_dict(io::load_safetensors(file));
    lesson.say("trained weights: " + file);
  } else {
    TrainOptions options;
    if (quick) options.steps /= 3;
    train_on(*model, *lesson_images(folder, data::Split::train), options);
    io::save_safetensors(file, model->state_dict());
  }
  model->eval();
  return model;
}

std::vector<std::int64_t> predictions(nn::Module& model, const data::Dataset& images) {
  const nn::EvaluationScope evaluation(model);
  const NoGradGuard no_grad;
  std::vector<std::int64_t> classes;
  data::Loader loader(images, {.batch_size = 256, .transform = normalized()});
  for (const auto& [batch, labels] : loader) {
    const auto predicted = argmax(model(batch).array(), 1).to_vector<std::int64_t>();
    classes.insert(classes.end(), predicted.begin(), predicted.end());
  }
  return classes;
}
