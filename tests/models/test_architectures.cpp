// The larger architectures: names and numbers of parameters as in torchvision, and gradients of every parameter.
#include <tapestry/core/error.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/unet.hpp>

#include "models/training_checks.hpp"

namespace test_architectures {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

TEST_CASE("resnet18 and resnet34 have the parameters of torchvision") {
  const models::ResNet net = models::resnet18();
  REQUIRE(parameter_count(net) == 11'689'512);
  require_entries(net, {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight",
                        "layer4.1.bn2.bias", "fc.bias"});
  REQUIRE(parameter_count(models::resnet34()) == 21'797'672);
}

TEST_CASE("a residual network divides large images by 32 and small ones by 8") {
  models::ResNet large = models::resnet18(7);
  large.eval();
  REQUIRE(large(Array::zeros({1, 3, 64, 96})).shape() == Shape{1, 7});
  models::ResNet small = models::resnet18(7, models::ImageSize::small);
  REQUIRE(parameter_count(small) == parameter_count(large) - 64 * 3 * (49 - 9));
  require_gradients_everywhere(small, {2, 3, 16, 24}, Array::zeros({2}, DType::i64));
}

TEST_CASE("mobilenet_v2 has the parameters of torchvision") {
  models::MobileNetV2 net({});
  REQUIRE(parameter_count(net) == 3'504'872);
  require_entries(
      net, {"features.0.0.weight", "features.1.conv.0.0.weight", "features.1.conv.2.running_mean",
            "features.2.conv.1.0.weight", "features.2.conv.3.bias", "features.18.1.weight", "classifier.1.weight"});
  models::MobileNetV2 small({.classes = 5, .images = models::ImageSize::small});
  require_gradients_everywhere(small, {2, 3, 32, 24}, Array::zeros({2}, DType::i64));
}

TEST_CASE("unet computes logits for every pixel and rejects other sizes") {
  models::UNet net({.in_channels = 2, .classes = 3, .base_channels = 4, .depth = 2});
  REQUIRE(net(Array::zeros({2, 2, 12, 8})).shape() == Shape{2, 3, 12, 8});
  require_entries(net, {"down0.0.weight", "middle.4.running_mean", "enlarge1.bias", "up0.3.weight", "head.weight"});
  require_gradients_everywhere(net, {2, 2, 12, 8}, Array::zeros({2, 12, 8}, DType::i64));
  REQUIRE_THROWS_MATCHES(net(Array::zeros({2, 2, 12, 10})), ShapeError,
                         Message("UNet: both sides of images must be multiples of 4, got [2, 2, 12, 10]"));
  REQUIRE_THROWS_MATCHES(models::UNet({.depth = 0}), ValueError, Message("UNet: depth must be at least 1, got 0"));
}

}  // namespace test_architectures
