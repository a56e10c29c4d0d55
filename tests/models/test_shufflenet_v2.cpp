#include <tapestry/models/shufflenet_v2.hpp>

#include "models/training_checks.hpp"

namespace test_shufflenet_v2 {

using namespace tapestry;
using namespace tapestry::testing;
using models::ShuffleNetV2;

TEST_CASE("shufflenet_v2_x1_0 has the parameters of torchvision") {
  const ShuffleNetV2 net = models::shufflenet_v2_x1_0();
  REQUIRE(parameter_count(net) == 2'278'604);
  require_entries(net, {"conv1.0.weight", "conv1.1.running_mean", "stage2.0.branch1.0.weight",
                        "stage2.0.branch1.3.running_var", "stage2.0.branch2.6.bias", "stage2.3.branch2.5.weight",
                        "stage3.7.branch2.3.weight", "stage4.3.branch2.0.weight", "conv5.1.weight", "fc.bias"});
  // torchvision's shufflenet_v2_x0_5.
  REQUIRE(parameter_count(ShuffleNetV2({.channels = {24, 48, 96, 192, 1024}})) == 1'366'792);
}

TEST_CASE("a shuffle network divides large images by 32 and small ones by 8") {
  for (const models::ImageSize images : {models::ImageSize::large, models::ImageSize::small}) {
    ShuffleNetV2 net({.channels = {8, 12, 16, 20, 24}, .classes = 7, .images = images});
    Shape features;
    net.get_submodule<nn::Module>("stage4").add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) {
      features = y.shape();
      return Tensor();
    });
    REQUIRE(net(Array::zeros({2, 3, 64, 96})).shape() == Shape{2, 7});
    REQUIRE(features == (images == models::ImageSize::small ? Shape{2, 20, 8, 12} : Shape{2, 20, 2, 3}));
  }
}

TEST_CASE("every parameter of a shuffle network gets a gradient") {
  ShuffleNetV2 net({.channels = {8, 12, 16, 20, 24}, .classes = 5, .images = models::ImageSize::small});
  require_gradients_everywhere(net, {2, 3, 24, 16}, Array::zeros({2}, DType::i64));
}

}  // namespace test_shufflenet_v2
