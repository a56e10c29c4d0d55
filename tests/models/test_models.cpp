// The models: their parts and shapes, and the conversions and allocations of a training step.
#include <cmath>
#include <string>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/models/small_cnn.hpp>

#include "models/training_checks.hpp"

namespace test_models {

using namespace tapestry;
using namespace tapestry::testing;
using models::resnet20;
using models::SmallCnn;

namespace {

std::vector<std::string> parameter_names(const nn::Module& model) {
  std::vector<std::string> names;
  for (const auto& entry : model.named_parameters()) names.push_back(entry.name);
  return names;
}

void require_finite_gradients(nn::Module& model) {
  cross_entropy(model(made_up_images(4)), made_up_labels(4)).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    REQUIRE(parameter.grad().shape() == parameter.shape());
    double size = 0;
    for (const double value : values_of(parameter.grad().array())) size += std::abs(value);
    REQUIRE(std::isfinite(size));
    REQUIRE(size > 0);
  }
}

/// Trains for some steps and requires that, after the first five have filled the allocator's cache, a step converts at
/// most two arrays, makes no system allocations and leaves no nodes on the tape.
void require_frugal_steps(nn::Module& model) {
  optim::Sgd optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.9});
  const Array images = made_up_images(8);
  const Array labels = made_up_labels(8);
  const TapeStatistics before = tape_statistics();
  for (int step = 0; step < 9; ++step) {
    INFO("step " << step);
    const std::int64_t conversions = format_conversions();
    const std::int64_t system_allocations = Allocator::instance().statistics().system_allocations;
    {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(model(images), labels);
      REQUIRE(tape_statistics().live_nodes > before.live_nodes + 5);
      REQUIRE(tape_statistics().saved_bytes > before.saved_bytes);
      loss.backward();
      REQUIRE(tape_statistics().saved_bytes == before.saved_bytes);
      optimizer.step();
    }
    REQUIRE(tape_statistics().live_nodes == before.live_nodes);
    REQUIRE(tape_statistics().saved_bytes == before.saved_bytes);
    if (step < 5) continue;
    REQUIRE(format_conversions() - conversions <= 2);
    REQUIRE(Allocator::instance().statistics().system_allocations == system_allocations);
  }
}

}  // namespace

TEST_CASE("the small network has the documented layers") {
  const SmallCnn model;
  REQUIRE(parameter_names(model) == std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                                                             "conv3.weight", "conv3.bias", "conv4.weight", "conv4.bias",
                                                             "hidden.weight", "hidden.bias", "head.weight",
                                                             "head.bias"});
  // Four convolutions of 3 × 3, then 4096 → 256 → 10, each with a bias per output.
  constexpr std::int64_t convolutions = (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64) * 9 + 32 + 32 + 64 + 64;
  constexpr std::int64_t linears = 4096 * 256 + 256 + 256 * 10 + 10;
  static_assert(convolutions + linears == 1'116'970);
  REQUIRE(parameter_count(model) == convolutions + linears);
}

TEST_CASE("ResNet-20 has the layers of the paper with projection shortcuts") {
  const auto model = resnet20();
  std::vector<std::string> names = {"conv1.weight", "bn1.weight", "bn1.bias"};
  for (const std::string layer : {"layer1", "layer2", "layer3"}) {
    for (const std::string block : {"0", "1", "2"}) {
      const std::string prefix = layer + "." + block + ".";
      for (const char* name : {"conv1.weight", "bn1.weight", "bn1.bias", "conv2.weight", "bn2.weight", "bn2.bias"}) {
        names.push_back(prefix + name);
      }
      if (layer == "layer1" || block != "0") continue;
      for (const char* name : {"downsample.0.weight", "downsample.1.weight", "downsample.1.bias"}) {
        names.push_back(prefix + name);
      }
    }
  }
  names.emplace_back("fc.weight");
  names.emplace_back("fc.bias");
  REQUIRE(parameter_names(model) == names);
  // The 269,722 of the network with identity shortcuts, two projections and their batch norms.
  static_assert(269'722 + (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64) == 272'474);
  REQUIRE(parameter_count(model) == 272'474);
}

TEST_CASE("the number of blocks determines the depth") {
  const auto convolutions = [](std::int64_t blocks) {
    models::ResNetCifar model(blocks);
    int count = 0;
    for (const auto& [name, module] : model.named_modules()) {
      const auto* conv = dynamic_cast<const nn::Conv2d*>(module);
      count += conv != nullptr && conv->weight().size(2) == 3 ? 1 : 0;
    }
    return count;
  };
  REQUIRE(convolutions(1) == 7);
  REQUIRE(convolutions(5) == 31);
}

TEST_CASE("models compute logits for any number of images and classes") {
  const NoGradGuard no_grad;
  for (const std::int64_t batch : {1, 3}) {
    SmallCnn small;
    auto residual = resnet20();
    REQUIRE(small(made_up_images(batch)).shape() == Shape{batch, 10});
    REQUIRE(residual(made_up_images(batch)).shape() == Shape{batch, 10});
  }
  SmallCnn small(7);
  auto residual = resnet20(100);
  REQUIRE(small(made_up_images(2)).shape() == Shape{2, 7});
  REQUIRE(residual(made_up_images(2)).shape() == Shape{2, 100});
  // ResNet pools over the whole image, so any size works.
  REQUIRE(residual(Array::zeros({2, 3, 24, 40})).shape() == Shape{2, 100});
  REQUIRE_THROWS_AS(small(Array::zeros({2, 3, 24, 40})), ShapeError);
}

TEST_CASE("the convolutions of ResNet are initialized as Kaiming normal by fan out") {
  manual_seed(1);
  auto model = resnet20();
  for (const auto& [name, module] : model.named_modules()) {
    const auto* conv = dynamic_cast<const nn::Conv2d*>(module);
    if (conv == nullptr) continue;
    INFO(name);
    const auto weights = values_of(conv->weight().array());
    double square = 0;
    for (const double weight : weights) square += weight * weight;
    const auto n = static_cast<double>(weights.size());
    const auto outputs = static_cast<double>(conv->weight().numel() / conv->weight().size(1));
    // The mean square of n normal numbers has the deviation σ²·√(2/n).
    REQUIRE(std::abs(square / n * outputs / 2 - 1) < 5 * std::sqrt(2 / n));
  }
}

TEST_CASE("every parameter of a model gets a finite gradient") {
  manual_seed(2);
  SmallCnn small;
  require_finite_gradients(small);
  auto residual = resnet20();
  require_finite_gradients(residual);
}

TEST_CASE("an image gives the same bits alone and in a batch in evaluation") {
  manual_seed(3);
  const NoGradGuard no_grad;
  auto model = resnet20();
  model(made_up_images(4));
  model.eval();
  Array features;
  model.get_submodule<nn::Module>("layer3").add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) {
    features = y.array();
    return Tensor();
  });
  const Array images = made_up_images(4);
  model(images);
  const Array together = features;
  for (std::int64_t i = 0; i < 4; ++i) {
    model(images.slice(i, i + 1));
    require_equal(features, together.slice(i, i + 1));
  }
}

TEST_CASE("a step of the small network makes almost no conversions and no allocations") {
  manual_seed(4);
  SmallCnn model;
  require_frugal_steps(model);
}

TEST_CASE("a step of ResNet makes almost no conversions and no allocations") {
  manual_seed(5);
  auto model = resnet20();
  require_frugal_steps(model);
}

}  // namespace test_models
