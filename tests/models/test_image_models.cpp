// The networks whose output is an image.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/models/autoencoder.hpp>
#include <tapestry/models/dcgan.hpp>
#include <tapestry/models/deeplab.hpp>
#include <tapestry/models/super_resolution.hpp>
#include <tapestry/models/unet.hpp>

#include "models/training_checks.hpp"

namespace test_image_models {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array image_of(const Shape& shape) {
  return Generator(1).reals(shape, 0, 1).to(DType::f32);
}

std::vector<std::string> state_names(const nn::Module& model) {
  std::vector<std::string> names;
  for (const auto& [name, value] : model.state_dict()) names.push_back(name);
  return names;
}

void require_names(const nn::Module& model, const std::vector<std::string>& wanted) {
  const auto names = state_names(model);
  for (const std::string& name : wanted) {
    INFO(name);
    REQUIRE(std::count(names.begin(), names.end(), name) == 1);
  }
}

/// Requires a nonzero gradient for every parameter, with a generated target image.
void require_gradient_for_every_parameter(nn::Module& model, const Shape& input) {
  const Tensor y = model(image_of(input));
  mse_loss(y, Generator(2).reals(y.shape()).to(DType::f32)).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    const auto values = values_of(parameter.grad().array());
    REQUIRE(std::any_of(values.begin(), values.end(), [](double value) { return value != 0; }));
  }
}

/// Requires convolution weights from N(0, 0.02²): the mean square of n of them has a standard deviation of σ²·√(2/n).
void require_first_values_of_dcgan(const nn::Module& model) {
  for (const auto& [name, parameter] : model.named_parameters()) {
    if (parameter.rank() != 4) continue;
    INFO(name);
    const auto values = values_of(parameter.array());
    double square = 0;
    for (const double value : values) square += value * value;
    const auto n = static_cast<double>(values.size());
    REQUIRE(std::abs(square / n / (0.02 * 0.02) - 1) < 5 * std::sqrt(2 / n));
  }
}

}  // namespace

TEST_CASE("a U-Net can upsample by interpolation and convolution") {
  models::UNet net({.in_channels = 2,
                    .classes = 3,
                    .base_channels = 4,
                    .depth = 2,
                    .upsampling = models::Upsampling::resize_convolution});
  REQUIRE(net(image_of({2, 2, 12, 8})).shape() == Shape{2, 3, 12, 8});
  require_names(net, {"enlarge1.1.weight", "enlarge0.1.bias"});
  require_gradient_for_every_parameter(net, {2, 2, 12, 8});
  const models::UNet plain({.in_channels = 2, .classes = 3, .base_channels = 4, .depth = 2});
  // 3×3 instead of 2×2 for 16 → 8 and 8 → 4 channels.
  REQUIRE(parameter_count(net) == parameter_count(plain) + (9 - 4) * (16 * 8 + 8 * 4));
}

TEST_CASE("the U-Net of the benchmarks keeps its number of parameters") {
  const models::UNet net({.base_channels = 16, .depth = 3});
  std::vector<std::string> names;
  const auto block = [&](const std::string& prefix) {
    for (const char* norm : {"0", "3"}) {
      names.push_back(prefix + "." + norm + ".weight");
      const std::string after = prefix + "." + static_cast<char>(norm[0] + 1);
      for (const char* part : {".weight", ".bias"}) names.push_back(after + part);
    }
  };
  for (const char* stage : {"down0", "down1", "down2", "middle"}) block(stage);
  for (const std::string i : {"2", "1", "0"}) {
    names.push_back("enlarge" + i + ".weight");
    names.push_back("enlarge" + i + ".bias");
    block("up" + i);
  }
  names.emplace_back("head.weight");
  names.emplace_back("head.bias");
  std::vector<std::string> got;
  for (const auto& entry : net.named_parameters()) got.push_back(entry.name);
  REQUIRE(got == names);
}

TEST_CASE("the autoencoder reconstructs images in the unit range from a code") {
  models::Autoencoder model({.base_channels = 8, .code_channels = 5});
  const Array images = image_of({2, 3, 12, 20});
  REQUIRE(model.encode(images).shape() == Shape{2, 5, 3, 5});
  const auto values = values_of(model(images).array());
  REQUIRE(model(images).shape() == Shape{2, 3, 12, 20});
  REQUIRE(std::all_of(values.begin(), values.end(), [](double value) { return value > 0 && value < 1; }));
  require_names(model, {"encoder.0.weight", "encoder.6.bias", "decoder.0.weight", "decoder.6.bias"});
  // 3 × 3 and 4 × 4 convolutions, batch norms, and biases without batch norm.
  constexpr std::int64_t encoder = 9 * (3 * 8 + 8 * 16 + 16 * 5) + 2 * (8 + 16) + 5;
  constexpr std::int64_t decoder = 16 * (5 * 16 + 16 * 8) + 9 * 8 * 3 + 2 * (16 + 8) + 3;
  REQUIRE(parameter_count(model) == encoder + decoder);
  require_gradient_for_every_parameter(model, {2, 3, 12, 20});
}

TEST_CASE("the autoencoder decodes its codes and rejects other sizes") {
  models::Autoencoder model({});
  model.eval();
  const Array images = image_of({1, 3, 8, 8});
  require_equal(model(images).array(), model.decode(model.encode(images)).array());
  REQUIRE_THROWS_WITH(model(Array::zeros({1, 3, 8, 10})),
                      "Autoencoder: both sides of images must be multiples of 4, got [1, 3, 8, 10]");
}

TEST_CASE("both generators make images of 32 by 32 from random numbers") {
  manual_seed(1);
  for (const auto upsampling : {models::Upsampling::transposed_convolution, models::Upsampling::resize_convolution}) {
    models::DcganGenerator model({.latent = 10, .base_channels = 8, .upsampling = upsampling});
    const Tensor images = model(Generator(1).reals({3, 10, 1, 1}).to(DType::f32));
    REQUIRE(images.shape() == Shape{3, 3, 32, 32});
    const auto values = values_of(images.array());
    REQUIRE(std::all_of(values.begin(), values.end(), [](double value) { return std::abs(value) < 1; }));
    const bool transposed = upsampling == models::Upsampling::transposed_convolution;
    const std::int64_t area = transposed ? 16 : 9;
    REQUIRE(parameter_count(model) == 16 * 10 * 32 + area * (32 * 16 + 16 * 8 + 8 * 3) + 2 * (32 + 16 + 8));
    require_names(model, {"main.0.weight", "main.1.running_var", transposed ? "main.3.weight" : "main.3.1.weight",
                          transposed ? "main.9.weight" : "main.9.1.weight"});
    require_gradient_for_every_parameter(model, {3, 10, 1, 1});
  }
}

TEST_CASE("the discriminator computes a logit per image") {
  manual_seed(2);
  models::DcganDiscriminator model({.base_channels = 8, .channels = 1});
  REQUIRE(model(image_of({3, 1, 32, 32})).shape() == Shape{3, 1, 1, 1});
  REQUIRE(parameter_count(model) == 16 * (1 * 8 + 8 * 16 + 16 * 32 + 32 * 1) + 2 * (16 + 32));
  require_names(model, {"main.0.weight", "main.2.weight", "main.3.running_mean", "main.8.weight"});
  require_gradient_for_every_parameter(model, {3, 1, 32, 32});
}

TEST_CASE("the networks of DCGAN are initialized as in the paper") {
  manual_seed(3);
  require_first_values_of_dcgan(models::DcganGenerator({.base_channels = 16}));
  require_first_values_of_dcgan(
      models::DcganGenerator({.base_channels = 16, .upsampling = models::Upsampling::resize_convolution}));
  require_first_values_of_dcgan(models::DcganDiscriminator({.base_channels = 16}));
}

TEST_CASE("super-resolution computes at the small size and shuffles pixels at the end") {
  manual_seed(4);
  models::SuperResolution model({.upscale_factor = 3, .channels = 2});
  const auto p = model.parameters();
  REQUIRE(p.size() == 6);
  REQUIRE(p[4].shape() == Shape{18, 32, 3, 3});
  const Tensor x = image_of({2, 2, 5, 4});
  Tensor y = tanh(conv2d(x, p[0], p[1], {.padding = 2}));
  y = conv2d(tanh(conv2d(y, p[2], p[3], {.padding = 1})), p[4], p[5], {.padding = 1});
  REQUIRE(model(x).shape() == Shape{2, 2, 15, 12});
  require_equal(model(x).array(), pixel_shuffle(y, 3).array());
  require_gradient_for_every_parameter(model, {2, 2, 5, 4});
  // Shi et al., section 3.2: 5×5 to 64 channels, 3×3 to 32, 3×3 to the r² maps of every channel.
  REQUIRE(parameter_count(models::SuperResolution({.upscale_factor = 2, .channels = 1})) ==
          25 * 64 + 64 + 9 * 64 * 32 + 32 + 9 * 32 * 4 + 4);
  REQUIRE_THROWS_WITH(models::SuperResolution({.upscale_factor = 0}),
                      "SuperResolution: upscale_factor must be at least 1, got 0");
}

TEST_CASE("the head of DeepLab has the parameters of torchvision") {
  const models::DeepLabHead head({.in_channels = 2048, .classes = 21});
  // The 42,004,074 parameters of deeplabv3_resnet50 without those of its backbone and its auxiliary head.
  constexpr std::int64_t backbone = 25'557'032 - (2048 * 1000 + 1000);
  constexpr std::int64_t auxiliary = 9 * 1024 * 256 + 2 * 256 + 256 * 21 + 21;
  REQUIRE(parameter_count(head) == 42'004'074 - backbone - auxiliary);
  require_names(head, {"0.convs.0.0.weight", "0.convs.3.1.running_mean", "0.convs.4.2.bias", "0.project.0.weight",
                       "1.weight", "2.running_var", "4.weight", "4.bias"});
}

TEST_CASE("DeepLab computes logits for every pixel and rejects other sizes") {
  manual_seed(5);
  models::DeepLab model({.classes = 5, .base_channels = 4, .rates = {1, 2}});
  REQUIRE(model(image_of({2, 3, 12, 20})).shape() == Shape{2, 5, 12, 20});
  require_names(model, {"backbone.0.weight", "backbone.16.running_mean", "classifier.0.convs.3.1.weight"});
  require_gradient_for_every_parameter(model, {2, 3, 12, 20});
  REQUIRE_THROWS_WITH(model(Array::zeros({2, 3, 12, 18})),
                      "DeepLab: both sides of images must be multiples of 4, got [2, 3, 12, 18]");
}

}  // namespace test_image_models
