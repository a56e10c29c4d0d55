#include <tapestry/core/error.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/models/small_cnn.hpp>

namespace tapestry::models {

std::vector<std::string> image_classifier_names() {
  return {"small_cnn", "resnet20", "resnet18", "mobilenet_v2"};
}

std::unique_ptr<nn::Module> image_classifier(const std::string& name, std::int64_t classes) {
  if (name == "small_cnn") return std::make_unique<SmallCnn>(classes);
  if (name == "resnet20") return std::make_unique<ResNetCifar>(resnet20(classes));
  if (name == "resnet18") return std::make_unique<ResNet>(resnet18(classes, ResNetStem::small_images));
  if (name == "mobilenet_v2") {
    return std::make_unique<MobileNetV2>(MobileNetV2::Options{.classes = classes, .for_small_images = true});
  }
  throw ValueError("image_classifier: there is no network \"" + name + "\"");
}

}  // namespace tapestry::models
