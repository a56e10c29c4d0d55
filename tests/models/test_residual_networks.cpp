// The residual networks other than those of 18, 20 and 34 layers.
#include <string>
#include <vector>

#include <tapestry/models/preact_resnet.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/resnet_cifar.hpp>

#include "models/training_checks.hpp"

namespace test_residual_networks {

using namespace tapestry;
using namespace tapestry::testing;
using models::ImageSize;

namespace {

Shape shape_of(nn::Module& model, const std::string& name) {
  return model.get_submodule<nn::Conv2d>(name).weight().shape();
}

Array two_labels() {
  return Array::from({2}, std::vector<std::int64_t>{1, 4});
}

}  // namespace

TEST_CASE("resnet50 has the parameters of torchvision") {
  models::ResNet net = models::resnet50();
  REQUIRE(parameter_count(net) == 25'557'032);
  require_entries(net, {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer1.0.downsample.0.weight",
                        "layer1.0.downsample.1.running_mean", "layer2.3.bn3.bias", "layer4.2.conv3.weight", "fc.bias"});
  REQUIRE(shape_of(net, "layer1.0.conv1") == Shape{64, 64, 1, 1});
  REQUIRE(shape_of(net, "layer1.1.conv1") == Shape{64, 256, 1, 1});
  REQUIRE(shape_of(net, "layer4.0.conv2") == Shape{512, 512, 3, 3});
  REQUIRE(shape_of(net, "layer4.0.downsample.0") == Shape{2048, 1024, 1, 1});
  net.eval();
  REQUIRE(net(Array::zeros({1, 3, 64, 96})).shape() == Shape{1, 1000});
}

TEST_CASE("resnext50 has the parameters of torchvision") {
  models::ResNet net = models::resnext50_32x4d();
  REQUIRE(parameter_count(net) == 25'028'904);
  REQUIRE(shape_of(net, "layer1.0.conv2") == Shape{128, 4, 3, 3});
  REQUIRE(shape_of(net, "layer4.2.conv2") == Shape{1024, 32, 3, 3});
  REQUIRE(shape_of(net, "layer4.2.conv3") == Shape{2048, 1024, 1, 1});
}

TEST_CASE("every parameter of bottleneck networks for small images gets a gradient") {
  models::ResNet deep = models::resnet50(5, ImageSize::small);
  REQUIRE(parameter_count(deep) == 25'557'032 - 64 * 3 * (49 - 9) - 995 * 2049);
  require_gradients_everywhere(deep, {2, 3, 16, 24}, two_labels());
  models::ResNet grouped = models::resnext50_32x4d(5, ImageSize::small);
  require_gradients_everywhere(grouped, {2, 3, 16, 24}, two_labels());
}

TEST_CASE("resnet32 and resnet56 are resnet20 with more blocks") {
  // A block of each stage has two convolutions and two norms.
  constexpr std::int64_t blocks = 2 * 9 * (16 * 16 + 32 * 32 + 64 * 64) + 4 * (16 + 32 + 64);
  static_assert(272'474 + 2 * blocks == 466'906);
  models::ResNetCifar net32 = models::resnet32();
  REQUIRE(parameter_count(net32) == 272'474 + 2 * blocks);
  require_entries(net32, {"layer1.4.conv2.weight", "layer3.4.bn2.bias"});
  models::ResNetCifar net56 = models::resnet56(5);
  REQUIRE(parameter_count(net56) == 272'474 + 6 * blocks - 5 * 65);
  require_gradients_everywhere(net56, {2, 3, 16, 12}, two_labels());
}

TEST_CASE("the pre-activation network has the documented layers") {
  models::PreActResNet net = models::preact_resnet18();
  // Unlike this network, resnet18 has a norm after the first convolution and after each projection, and the first norm
  // of a stage has the stage's channels, not those of the stage before; this network has another norm at the end.
  models::ResNet other = models::resnet18(10, ImageSize::small);
  REQUIRE(parameter_count(net) == parameter_count(other) - 2 * (64 + 128 + 256 + 512) - 2 * (64 + 128 + 256) + 2 * 512);
  REQUIRE(parameter_count(net) == 11'172'170);
  require_entries(net, {"conv1.weight", "layer1.0.bn1.running_mean", "layer2.0.downsample.weight",
                        "layer4.1.conv2.weight", "norm.running_var", "fc.bias"});
  REQUIRE(models::preact_resnet18(7)(Array::zeros({2, 3, 24, 16})).shape() == Shape{2, 7});
  models::PreActResNet shallow({.blocks = {1, 1, 1, 1}, .classes = 5});
  require_gradients_everywhere(shallow, {2, 3, 16, 24}, two_labels());
}

}  // namespace test_residual_networks
