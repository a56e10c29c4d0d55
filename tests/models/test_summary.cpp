// The cost of the models, compared with published figures.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <tapestry/models/alexnet.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/models/shufflenet_v2.hpp>
#include <tapestry/models/small_cnn.hpp>
#include <tapestry/models/vgg.hpp>
#include <tapestry/models/vision_transformer.hpp>
#include <tapestry/nn/inspect/summary.hpp>

#include "catch.hpp"

namespace test_summary {

using namespace tapestry;

namespace {

using Owned = std::unique_ptr<nn::Module>;

template <class Model>
Owned own(Model model) {
  return std::make_unique<Model>(std::move(model));
}

/// From torchvision's table of weights: numbers of parameters, and billions of multiply-adds (there called GFLOPS) for
/// an image of 224 × 224, to three decimals.
struct Published {
  std::string model;
  Owned (*make)();
  std::int64_t parameters;
  double multiply_adds;
};

const std::vector<Published> table = {
    {"resnet18", [] { return own(models::resnet18()); }, 11'689'512, 1.814},
    {"resnet34", [] { return own(models::resnet34()); }, 21'797'672, 3.664},
    {"resnet50", [] { return own(models::resnet50()); }, 25'557'032, 4.089},
    {"resnext50_32x4d", [] { return own(models::resnext50_32x4d()); }, 25'028'904, 4.23},
    {"mobilenet_v2", [] { return own(models::MobileNetV2({})); }, 3'504'872, 0.301},
    {"shufflenet_v2_x1_0", [] { return own(models::shufflenet_v2_x1_0()); }, 2'278'604, 0.145},
    {"alexnet", [] { return own(models::AlexNet({})); }, 61'100'840, 0.714},
    {"vgg11_bn", [] { return own(models::vgg11_bn()); }, 132'868'840, 7.609},
    {"vgg16_bn", [] { return own(models::vgg16_bn()); }, 138'365'992, 15.470},
    {"vit_b_16", [] { return own(models::vit_b_16()); }, 86'567'656, 17.564},
};

}  // namespace

TEST_CASE("slow: parameters and multiply-adds of the models are those published by torchvision") {
  for (const auto& [name, make, parameters, multiply_adds] : table) {
    INFO(name);
    const nn::SummaryRow total = nn::summary(*make(), {1, 3, 224, 224}).total();
    CHECK(total.parameters == parameters);
    CHECK(std::round(static_cast<double>(total.flops) / 2e6) / 1e3 == Approx(multiply_adds));
  }
}

TEST_CASE("multiply-adds of the models for small images match a count by hand") {
  models::SmallCnn small;
  // Four convolutions of 3 × 3 at two sizes, and the linear layers.
  constexpr std::int64_t convolutions = 32 * 32 * (3 * 32 + 32 * 32) * 9 + 16 * 16 * (32 * 64 + 64 * 64) * 9,
                         linears = 4096 * 256 + 256 * 10;
  CHECK(nn::summary(small, {1, 3, 32, 32}).total().flops == 2 * (convolutions + linears));

  auto residual = models::resnet20();
  // Each stage halves the size and doubles the channels, so all convolutions cost the same, except the first of a
  // stage, which has half as many inputs, and the 1 × 1 ones of the shortcuts.
  constexpr std::int64_t one = 32 * 32 * 16 * 16 * 9;
  constexpr std::int64_t first = 32 * 32 * 3 * 16 * 9, shortcuts = 2 * (one / 2 / 9), head = 64 * 10;
  CHECK(nn::summary(residual, {1, 3, 32, 32}).total().flops ==
        2 * (first + 6 * one + 2 * (one / 2 + 5 * one) + shortcuts + head));
}

}  // namespace test_summary
