// Grad-CAM of networks with known maps.
#include <algorithm>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/inspect/grad_cam.hpp>

#include "nn/example_modules.hpp"

namespace test_grad_cam {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::int64_t channels = 5;

/// Images (N, 2, H, W) → logits (N, 3): a convolution, then a linear head on the means of its channels.
class Pooling : public nn::Module {
 public:
  explicit Pooling(std::int64_t stride)
      : conv_(add("conv",
                  nn::Conv2d(
                      {.in_channels = 2, .out_channels = channels, .kernel_size = 3, .stride = stride, .padding = 1}))),
        drop_(add("drop", nn::Dropout({.p = 0.5}))),
        spare_(add("spare", nn::Dropout({.p = 0.5}))),
        head_(add("head", nn::Linear({.in_features = channels, .out_features = 3}))) {
    to(DType::f64);
  }
  Tensor forward(const Tensor& x) const override {
    const Tensor maps = conv_(x);
    spare_(maps * 2);
    return head_(flatten(global_avg_pool2d(drop_(maps)), 1));
  }
  const Tensor& head_weight() const { return head_.weight(); }

 private:
  nn::Conv2d& conv_;
  nn::Dropout& drop_;
  nn::Dropout& spare_;
  nn::Linear& head_;
};

/// Class activation maps (Zhou et al., "Learning deep features for discriminative localization", 2016) where they are
/// positive, by plain loops; (N, 1, h, w). The means that the head sees make a pixel's derivative w / (h · w).
Array class_activation_maps(Pooling& model, const Array& images, const std::vector<std::int64_t>& classes) {
  const Array maps = model.get_submodule<nn::Module>("conv")(images).array();
  const Array weight = model.head_weight().array();
  const std::int64_t height = maps.size(2), width = maps.size(3);
  std::vector<double> heat;
  for (std::int64_t n = 0; n < maps.size(0); ++n) {
    for (std::int64_t i = 0; i < height * width; ++i) {
      double sum = 0;
      for (std::int64_t k = 0; k < channels; ++k) {
        sum += weight.at({classes[static_cast<std::size_t>(n)], k}) * maps.at({n, k, i / width, i % width});
      }
      heat.push_back(std::max(0.0, sum / static_cast<double>(height * width)));
    }
  }
  return Array::from({maps.size(0), 1, height, width}, heat);
}

const std::vector<std::int64_t> labels = {2, 0, 1};

Array made_up_images(std::int64_t height = 6, std::int64_t width = 7) {
  return Generator(3).reals({3, 2, height, width});
}

Array label_array() {
  return Array::from({3}, labels);
}

}  // namespace

TEST_CASE("Grad-CAM before pooling and a linear head is the class activation map") {
  Pooling model(1);
  const Array heat = nn::grad_cam(model, "conv", made_up_images(), label_array());
  REQUIRE(heat.shape() == Shape{3, 6, 7});
  const Array expected = class_activation_maps(model, made_up_images(), labels);
  const auto values = values_of(expected);
  // Both branches of the ReLU occur.
  REQUIRE(std::count(values.begin(), values.end(), 0.0) > 10);
  REQUIRE(std::count_if(values.begin(), values.end(), [](double value) { return value > 0; }) > 10);
  require_close(heat, expected.reshape({3, 6, 7}), 1e-12);
}

TEST_CASE("Grad-CAM has the size of the image") {
  Pooling model(2);
  const Array heat = nn::grad_cam(model, "conv", made_up_images(8, 5), label_array());
  const Tensor small = class_activation_maps(model, made_up_images(8, 5), labels);
  REQUIRE(small.shape() == Shape{3, 1, 4, 3});
  const Tensor large = interpolate(small, {.size = Pair(8, 5), .mode = InterpolationMode::bilinear});
  require_close(heat, large.array().reshape({3, 8, 5}), 1e-12);
}

TEST_CASE("Grad-CAM works on frozen models without recording and leaves them unchanged") {
  Pooling model(1);
  const Array expected = nn::grad_cam(model, "conv", made_up_images(), label_array());
  CHECK(model.is_training());
  CHECK(model.get_submodule<nn::Module>("drop").is_training());
  for (const Tensor& parameter : model.parameters()) CHECK_FALSE(parameter.grad().defined());

  model.set_requires_grad(false);
  const NoGradGuard no_grad;
  require_equal(nn::grad_cam(model, "conv", made_up_images(), label_array()), expected);
  CHECK_FALSE(grad_enabled());
}

TEST_CASE("Grad-CAM rejects invalid arguments") {
  Pooling model(1);
  const Array images = made_up_images();
  const auto of = [&](const char* layer, const Array& classes) { return nn::grad_cam(model, layer, images, classes); };
  CHECK_THROWS_WITH(of("conv", Array::zeros({2}, DType::i64)),
                    "grad_cam: expected images (N, C, H, W) and classes i64 (N), got f64[3, 2, 6, 7] and i64[2]");
  CHECK_THROWS_WITH(of("conv", Array::zeros({3})),
                    "grad_cam: expected images (N, C, H, W) and classes i64 (N), got f64[3, 2, 6, 7] and f32[3]");
  CHECK_THROWS_WITH(of("conv", Array::full({3}, 3, DType::i64)), "grad_cam: there is no class 3 (logits [3, 3])");
  CHECK_THROWS_WITH(of("conv", Array::full({3}, -1, DType::i64)), "grad_cam: there is no class -1 (logits [3, 3])");
  CHECK_THROWS_WITH(of("head", label_array()),
                    "grad_cam: expected a layer that returns images (N, C, H, W), \"head\" returns [3, 3]");
  CHECK_THROWS_WITH(of("spare", label_array()), "grad_cam: the logits do not depend on the last output of \"spare\"");
  CHECK_THROWS_AS(of("none", label_array()), ValueError);
  nn::Conv2d images_only({.in_channels = 2, .out_channels = 3, .kernel_size = 1});
  CHECK_THROWS_WITH(nn::grad_cam(images_only, "", images.to(DType::f32), label_array()),
                    "grad_cam: expected a model that returns logits (3, classes), got [3, 3, 6, 7]");
  CHECK(model.is_training());
}

}  // namespace test_grad_cam
