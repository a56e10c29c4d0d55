#include <tapestry/models/image_classifier.hpp>

#include "catch.hpp"

using namespace tapestry;

TEST_CASE("every image classifier by name gives a logit per class and other names are refused") {
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    const auto model = models::image_classifier(name, 7);
    model->eval();
    CHECK((*model)(Array::zeros({2, 3, 32, 32})).shape() == Shape{2, 7});
  }
  CHECK_THROWS_WITH(models::image_classifier("vgg"), "image_classifier: there is no network \"vgg\"");
}
