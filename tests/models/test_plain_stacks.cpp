// The networks without shortcuts, from LeNet-5 to GoogLeNet: layers, numbers of parameters, shapes and gradients.
#include <algorithm>
#include <cmath>

#include <tapestry/core/error.hpp>
#include <tapestry/models/alexnet.hpp>
#include <tapestry/models/googlenet.hpp>
#include <tapestry/models/lenet5.hpp>
#include <tapestry/models/network_in_network.hpp>
#include <tapestry/models/vgg.hpp>

#include "models/training_checks.hpp"

namespace test_plain_stacks {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array two_labels() {
  return Array::from<std::int64_t>({2}, {3, 1});
}

}  // namespace

TEST_CASE("lenet5 has the layers of the paper with full connections") {
  const models::LeNet5 net({});
  constexpr std::int64_t convolutions = (25 + 1) * 6 + (6 * 25 + 1) * 16 + (16 * 25 + 1) * 120;
  constexpr std::int64_t linears = (120 + 1) * 84 + (84 + 1) * 10;
  static_assert(convolutions + linears == 61'706);
  REQUIRE(parameter_count(net) == 61'706);
  require_entries(net, {"c1.weight", "c3.weight", "c5.bias", "f6.weight", "output.bias"});

  models::LeNet5 colored({.in_channels = 3, .classes = 7});
  REQUIRE(colored(made_up_images(2)).shape() == Shape{2, 7});
  require_gradients_everywhere(colored, {2, 3, 32, 32}, two_labels());
}

TEST_CASE("lenet5 rejects images of another shape") {
  models::LeNet5 net({});
  REQUIRE_THROWS_MATCHES(net(Array::zeros({2, 1, 28, 28})), ShapeError,
                         Message("LeNet5: expected images (N, 1, 32, 32), got [2, 1, 28, 28]"));
  REQUIRE_THROWS_MATCHES(net(made_up_images(2)), ShapeError,
                         Message("LeNet5: expected images (N, 1, 32, 32), got [2, 3, 32, 32]"));
  REQUIRE_THROWS_MATCHES(net(Array::zeros({32, 32})), ShapeError,
                         Message("LeNet5: expected images (N, 1, 32, 32), got [32, 32]"));
}

TEST_CASE("alexnet for small images has another first layer and a smaller head") {
  models::AlexNet net({.classes = 5, .images = models::ImageSize::small});
  constexpr std::int64_t convolutions =
      (3 * 9 + 1) * 64 + (64 * 25 + 1) * 192 + (192 * 9 + 1) * 384 + (384 * 9 + 1) * 256 + (256 * 9 + 1) * 256;
  REQUIRE(parameter_count(net) == convolutions + (256 * 9 + 1) * 4096 + 4097 * 4096 + 4097 * 5);
  require_entries(net, {"features.0.weight", "features.3.weight", "features.6.weight", "features.8.weight",
                        "features.10.bias", "classifier.1.weight", "classifier.4.weight", "classifier.6.bias"});
  REQUIRE(net(Array::zeros({2, 3, 45, 36})).shape() == Shape{2, 5});
  require_gradients_everywhere(net, {2, 3, 32, 32}, two_labels());
}

TEST_CASE("vgg networks for small images have a smaller head") {
  models::Vgg net = models::vgg11_bn(5, models::ImageSize::small);
  REQUIRE(parameter_count(net) == 132'868'840 - 48 * 512 * 4096 - 4097 * 995);
  require_entries(net, {"features.0.weight", "features.1.running_var", "features.4.bias", "features.25.weight",
                        "features.26.bias", "classifier.0.weight", "classifier.3.weight", "classifier.6.bias"});
  REQUIRE(net(Array::zeros({2, 3, 64, 32})).shape() == Shape{2, 5});
  require_gradients_everywhere(net, {2, 3, 64, 32}, two_labels());
}

TEST_CASE("slow: alexnet vgg and googlenet have as many parameters as those of torchvision") {
  REQUIRE(parameter_count(models::AlexNet({})) == 61'100'840);
  REQUIRE(parameter_count(models::vgg11_bn()) == 132'868'840);
  const models::Vgg vgg16 = models::vgg16_bn();
  REQUIRE(parameter_count(vgg16) == 138'365'992);
  require_entries(vgg16, {"features.40.weight", "features.41.running_mean"});
  REQUIRE(parameter_count(models::GoogLeNet({})) == 6'624'904);
}

TEST_CASE("network in network has the layers of the paper and no linear layer") {
  models::NetworkInNetwork net({});
  constexpr std::int64_t first = (3 * 25 + 1) * 192 + (192 + 1) * 160 + (160 + 1) * 96;
  constexpr std::int64_t second = (96 * 25 + 1) * 192 + 2 * (192 + 1) * 192;
  constexpr std::int64_t third = (192 * 9 + 1) * 192 + (192 + 1) * 192 + (192 + 1) * 10;
  static_assert(first + second + third == 966'986);
  REQUIRE(parameter_count(net) == 966'986);
  for (const nn::NamedTensor& parameter : net.named_parameters()) {
    REQUIRE((parameter.tensor.rank() == 4 || parameter.name.ends_with(".bias")));
  }
  require_gradients_everywhere(net, {2, 3, 32, 32}, two_labels());
  models::NetworkInNetwork other({.classes = 7});
  REQUIRE(other(Array::zeros({1, 3, 24, 41})).shape() == Shape{1, 7});
}

TEST_CASE("the logits of network in network are the means of its last maps") {
  models::NetworkInNetwork net({});
  net.eval();
  Array maps;
  net.get_submodule<nn::Module>("mlpconv3").add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) {
    maps = y.array();
    return Tensor();
  });
  const Array logits = net(made_up_images(2)).array();
  REQUIRE(maps.shape() == Shape{2, 10, 8, 8});
  const auto values = values_of(maps);
  REQUIRE(std::any_of(values.begin(), values.end(), [](double value) { return value < 0; }));
  double mean = 0;
  for (int i = 0; i < 64; ++i) mean += values[static_cast<std::size_t>(i)] / 64;
  // One rounding to float.
  REQUIRE(std::abs(logits.at({0, 0}) - mean) <= 1e-7 * std::abs(mean) + 1e-9);
}

TEST_CASE("googlenet downsamples small images less and has the names of torchvision") {
  models::GoogLeNet net({.classes = 5, .images = models::ImageSize::small});
  REQUIRE(parameter_count(net) == 6'624'904 - 64 * 3 * (49 - 9) - 1025 * 995);
  require_entries(net, {"conv1.conv.weight", "conv3.bn.running_var", "inception3a.branch1.conv.weight",
                        "inception4e.branch3.1.conv.weight", "inception5b.branch4.1.bn.bias", "fc.bias"});
  Shape last;
  net.get_submodule<nn::Module>("inception5b").add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) {
    last = y.shape();
    return Tensor();
  });
  REQUIRE(net(made_up_images(2)).shape() == Shape{2, 5});
  REQUIRE(last == Shape{2, 1024, 4, 4});
  require_gradients_everywhere(net, {2, 3, 24, 41}, two_labels());
}

}  // namespace test_plain_stacks
