#include <tapestry/core/error.hpp>
#include <tapestry/models/alexnet.hpp>
#include <tapestry/models/attention_cnn.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/googlenet.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/models/lenet5.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/models/network_in_network.hpp>
#include <tapestry/models/preact_resnet.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/models/shufflenet_v2.hpp>
#include <tapestry/models/small_cnn.hpp>
#include <tapestry/models/vgg.hpp>
#include <tapestry/models/vision_transformer.hpp>

namespace tapestry::models {
namespace {

using Owned = std::unique_ptr<nn::Module>;

template <class Model>
Owned own(Model model) {
  return std::make_unique<Model>(std::move(model));
}

/// A residual network whose blocks start as identities; otherwise the loss rises before it falls.
template <class Model>
Owned own_residual(Model model) {
  detail::zero_init_residual(model);
  return own(std::move(model));
}

struct Network {
  std::string name;
  Owned (*make)(std::int64_t classes);
};

constexpr auto small = ImageSize::small;

const std::vector<Network>& networks() {
  static const std::vector<Network> list = {
      {"small_cnn", [](std::int64_t classes) { return own(SmallCnn(classes)); }},
      {"lenet5", [](std::int64_t classes) { return own(LeNet5({.in_channels = 3, .classes = classes})); }},
      {"alexnet", [](std::int64_t classes) { return own(AlexNet({.classes = classes, .images = small})); }},
      {"vgg11_bn", [](std::int64_t classes) { return own(vgg11_bn(classes, small)); }},
      {"vgg16_bn", [](std::int64_t classes) { return own(vgg16_bn(classes, small)); }},
      {"nin", [](std::int64_t classes) { return own(NetworkInNetwork({.classes = classes})); }},
      {"googlenet", [](std::int64_t classes) { return own(GoogLeNet({.classes = classes, .images = small})); }},
      {"resnet20", [](std::int64_t classes) { return own(resnet20(classes)); }},
      {"resnet32", [](std::int64_t classes) { return own_residual(resnet32(classes)); }},
      {"resnet56", [](std::int64_t classes) { return own_residual(resnet56(classes)); }},
      {"resnet18", [](std::int64_t classes) { return own_residual(resnet18(classes, small)); }},
      {"resnet34", [](std::int64_t classes) { return own_residual(resnet34(classes, small)); }},
      {"resnet50", [](std::int64_t classes) { return own_residual(resnet50(classes, small)); }},
      {"resnext50_32x4d", [](std::int64_t classes) { return own_residual(resnext50_32x4d(classes, small)); }},
      {"preact_resnet18", [](std::int64_t classes) { return own(preact_resnet18(classes)); }},
      {"mobilenet_v2", [](std::int64_t classes) { return own(MobileNetV2({.classes = classes, .images = small})); }},
      {"shufflenet_v2", [](std::int64_t classes) { return own(shufflenet_v2_x1_0(classes, small)); }},
      {"vit", [](std::int64_t classes) { return own(vit_small_images(classes)); }},
      {"attention_cnn", [](std::int64_t classes) { return own(AttentionCnn(classes)); }},
  };
  return list;
}

}  // namespace

std::vector<std::string> image_classifier_names() {
  std::vector<std::string> names;
  for (const Network& network : networks()) names.push_back(network.name);
  return names;
}

std::unique_ptr<nn::Module> image_classifier(const std::string& name, std::int64_t classes) {
  for (const Network& network : networks()) {
    if (network.name == name) return network.make(classes);
  }
  throw ValueError("image_classifier: there is no network \"" + name + "\"");
}

}  // namespace tapestry::models
