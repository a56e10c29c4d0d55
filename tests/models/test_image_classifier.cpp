#include <tapestry/models/image_classifier.hpp>

#include "core/generate.hpp"

namespace test_image_classifier {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("the blocks of residual networks by name start as identities") {
  for (const std::string name : {"resnet32", "resnet56", "resnet18", "resnet34", "resnet50", "resnext50_32x4d"}) {
    INFO(name);
    const auto model = models::image_classifier(name);
    auto& block = model->get_submodule<nn::Module>("layer1.1");
    const std::int64_t channels = block.parameters().back().numel();
    const Array x = Generator(1).reals({2, channels, 3, 4}, 0, 1).to(DType::f32);
    require_equal(block(x).array(), x);
    // The projection at the start of the last stage; bottlenecks have four times as many channels.
    const bool is_bottleneck = name.find("50") != std::string::npos;
    for (const auto& [parameter, weight] : model->named_parameters()) {
      if (parameter != "layer4.0.downsample.1.weight") continue;
      require_equal(weight.array(), Array::full(weight.shape(), is_bottleneck ? 0.5 : 1));
    }
  }
}

TEST_CASE("every image classifier by name computes a logit per class and other names are rejected") {
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    const auto model = models::image_classifier(name, 7);
    model->eval();
    CHECK((*model)(Array::zeros({2, 3, 32, 32})).shape() == Shape{2, 7});
  }
  CHECK_THROWS_WITH(models::image_classifier("vgg"), "image_classifier: there is no network \"vgg\"");
}

TEST_CASE("a clone of every image classifier computes the logits of the original in its own memory") {
  const Array x = Generator(2).reals({2, 3, 32, 32}).to(DType::f32);
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    const auto model = models::image_classifier(name, 7);
    model->eval();
    const auto copy = model->clone();
    const Array logits = (*model)(x).array();
    require_equal((*copy)(x).array(), logits);
    for (const Tensor& parameter : copy->parameters()) Array(parameter.array()).fill(0);
    require_equal((*model)(x).array(), logits);
  }
}

}  // namespace test_image_classifier
