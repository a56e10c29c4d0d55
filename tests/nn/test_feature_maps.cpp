#include <memory>
#include <utility>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>
#include <tapestry/nn/layers/bilinear.hpp>

#include "nn/example_modules.hpp"

namespace test_feature_maps {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("feature maps are the last outputs of the layers") {
  Net net;
  net.eval();
  const nn::FeatureMaps maps(net, {"mix", "rest.0", ""});
  const Tensor output = net(image(1));
  CHECK(maps[""].is_same(output));
  CHECK(maps["mix"].shape() == Shape{6, 5, 1, 3});
  const auto forward = [&](const char* name, const Tensor& x) {
    return net.get_submodule<nn::Module>(name).forward(x).array();
  };
  require_equal(maps["rest.0"].array(), forward("rest.0", maps["mix"]));
  CHECK(maps["mix"].requires_grad());

  const Array first = maps["mix"].array();
  net(image(2));
  CHECK_FALSE(values_of(maps["mix"].array()) == values_of(first));
}

TEST_CASE("feature maps see outputs replaced by earlier hooks") {
  Scale scale(2);
  scale.add_forward_hook([](const nn::Module&, const Tensor&, const Tensor& y) { return y + 1; });
  const nn::FeatureMaps maps(scale, {""});
  scale(Array::scalar(5));
  CHECK(maps[""].item() == 11);
}

TEST_CASE("feature maps keep outputs for their lifetime and remove their hooks") {
  Net net;
  const auto output_of_run = [&] { return WeakArray(net(image()).array()); };
  {
    const nn::FeatureMaps maps(net, {""});
    CHECK(output_of_run().lock().defined());
  }
  CHECK_FALSE(output_of_run().lock().defined());
  CHECK_THROWS_AS(nn::FeatureMaps(net, {"", "nothing"}), ValueError);
  CHECK_FALSE(output_of_run().lock().defined());
}

TEST_CASE("feature maps report layers that are missing or not watched or were not called") {
  nn::Sequential net = nn::sequential({Scale(2), Scale(3)});
  CHECK_THROWS_WITH(nn::FeatureMaps(net, {"2"}), "get_submodule: no module \"2\" among \"\", \"0\", \"1\"");
  const nn::FeatureMaps maps(net, {"1"});
  CHECK_THROWS_WITH(maps["0"], "FeatureMaps: the module \"0\" is not watched");
  CHECK_THROWS_WITH(maps["1"], "FeatureMaps: the module \"1\" has not been called");
}

TEST_CASE("feature maps follow a moved model and outlive a destroyed one") {
  auto net = std::make_unique<Net>();
  const nn::FeatureMaps maps(*net, {"mix", ""});
  auto moved = std::make_unique<Net>(std::move(*net));
  net.reset();
  const Tensor output = (*moved)(image());
  CHECK(maps[""].is_same(output));
  moved.reset();
  CHECK(maps["mix"].shape() == Shape{6, 5, 1, 3});
}

TEST_CASE("feature maps keep the outputs of layers with several inputs") {
  nn::Bilinear layer({.in1_features = 2, .in2_features = 3, .out_features = 4});
  const nn::FeatureMaps maps(layer, {""});
  const Tensor output = layer(Array::zeros({5, 2}), Array::zeros({5, 3}));
  CHECK(maps[""].is_same(output));
}

}  // namespace test_feature_maps
