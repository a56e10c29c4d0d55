#include <tapestry/models/image_classifier.hpp>
#include <tapestry/nn/batch_norm_add_relu2d.hpp>

#include "core/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("the blocks of deep residual networks by name begin as identities") {
  for (const std::string name : {"resnet32", "resnet56", "resnet34", "resnet50", "resnext50_32x4d"}) {
    INFO(name);
    const auto model = models::image_classifier(name);
    auto& block = model->get_submodule<nn::Module>("layer1.2");
    const bool is_bottleneck = name.find("50") != std::string::npos;
    auto& norm = block.get_submodule<nn::BatchNormAddRelu2d>(is_bottleneck ? "bn3" : "bn2");
    const Array x = Generator(1).reals({2, norm.weight().numel(), 3, 4}, 0, 1).to(DType::f32);
    require_equal(block(x).array(), x);
  }
}

TEST_CASE("every image classifier by name gives a logit per class and other names are refused") {
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    const auto model = models::image_classifier(name, 7);
    model->eval();
    CHECK((*model)(Array::zeros({2, 3, 32, 32})).shape() == Shape{2, 7});
  }
  CHECK_THROWS_WITH(models::image_classifier("vgg"), "image_classifier: there is no network \"vgg\"");
}
