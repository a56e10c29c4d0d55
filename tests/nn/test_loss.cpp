#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/loss.hpp>

#include "core/generate.hpp"

namespace test_loss {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array scores() {
  return Generator(1).reals({4, 3}).to(DType::f32);
}
Array others() {
  return Generator(2).reals({4, 3}).to(DType::f32);
}
Array labels() {
  return Array::from({4}, std::vector<std::int64_t>{2, 0, 1, 2});
}
Array factors() {
  return Array::from({3}, std::vector<float>{0.5F, 2, 3});
}

}  // namespace

TEST_CASE("loss layers are their operators") {
  const Tensor x = scores(), t = others();
  require_equal(nn::CrossEntropyLoss()(x, labels()).array(), cross_entropy(x, labels()).array());
  require_equal(nn::NLLLoss()(x, labels()).array(), nll_loss(x, labels()).array());
  require_equal(nn::BCEWithLogitsLoss()(x, t).array(), binary_cross_entropy_with_logits(x, t).array());
  require_equal(nn::MSELoss()(x, t).array(), mse_loss(x, t).array());
  require_equal(nn::L1Loss()(x, t).array(), l1_loss(x, t).array());
  require_equal(nn::SmoothL1Loss()(x, t).array(), smooth_l1_loss(x, t).array());
  require_equal(nn::HuberLoss()(x, t).array(), huber_loss(x, t).array());
  require_equal(nn::KLDivLoss()(x, t).array(), kl_div(x, t).array());
  const Tensor shares = sigmoid(Generator(3).reals({2, 3, 5})), masks = Array::full({2, 3, 5}, 1, DType::f64);
  require_equal(nn::DiceLoss()(shares, masks).array(), dice_loss(shares, masks).array());
}

TEST_CASE("loss layers pass their options on") {
  const Tensor x = scores(), t = others();
  const CrossEntropyOptions smoothed = {
      .weight = factors(), .ignore_index = 0, .reduction = Reduction::none, .label_smoothing = 0.2};
  nn::CrossEntropyLoss entropy(smoothed);
  require_equal(entropy(x, labels()).array(), cross_entropy(x, labels(), smoothed).array());
  const Tensor targets = softmax(t, 1);
  require_equal(entropy(x, targets).array(), cross_entropy(x, targets, smoothed).array());
  const NllLossOptions ignoring = {.weight = factors(), .ignore_index = 2, .reduction = Reduction::sum};
  require_equal(nn::NLLLoss(ignoring)(x, labels()).array(), nll_loss(x, labels(), ignoring).array());
  const BinaryCrossEntropyOptions weighted = {
      .weight = Array::full({4, 1}, 3), .reduction = Reduction::none, .pos_weight = factors()};
  require_equal(nn::BCEWithLogitsLoss(weighted)(x, t).array(),
                binary_cross_entropy_with_logits(x, t, weighted).array());
  require_equal(nn::MSELoss(Reduction::none)(x, t).array(), mse_loss(x, t, Reduction::none).array());
  require_equal(nn::L1Loss(Reduction::sum)(x, t).array(), l1_loss(x, t, Reduction::sum).array());
  const SmoothL1LossOptions narrow = {.reduction = Reduction::none, .beta = 0.25};
  require_equal(nn::SmoothL1Loss(narrow)(x, t).array(), smooth_l1_loss(x, t, narrow).array());
  const HuberLossOptions near = {.reduction = Reduction::none, .delta = 0.25};
  require_equal(nn::HuberLoss(near)(x, t).array(), huber_loss(x, t, near).array());
  const KlDivOptions of_logarithms = {.reduction = KlReduction::batch_mean, .log_target = true};
  require_equal(nn::KLDivLoss(of_logarithms)(x, t).array(), kl_div(x, t, of_logarithms).array());
  const Tensor shares = sigmoid(Generator(3).reals({2, 3, 5})), masks = Array::full({2, 3, 5}, 1, DType::f64);
  const DiceLossOptions sharp = {.reduction = Reduction::none, .smooth = 0.5};
  require_equal(nn::DiceLoss(sharp)(shares, masks).array(), dice_loss(shares, masks, sharp).array());
}

TEST_CASE("the weights of a loss layer are buffers and follow it to another dtype") {
  nn::CrossEntropyLoss entropy({.weight = factors()});
  nn::NLLLoss likelihood({.weight = factors()});
  nn::BCEWithLogitsLoss binary({.weight = factors(), .pos_weight = factors()});
  REQUIRE(nn::CrossEntropyLoss().state_dict().empty());
  REQUIRE(entropy.named_buffers().front().name == "weight");
  REQUIRE(binary.named_buffers().back().name == "pos_weight");
  REQUIRE(entropy.parameters().empty());
  for (nn::ModuleBase* layer : {static_cast<nn::ModuleBase*>(&entropy), static_cast<nn::ModuleBase*>(&likelihood),
                                static_cast<nn::ModuleBase*>(&binary)}) {
    layer->to(DType::f64);
  }
  const Tensor x = scores().to(DType::f64), t = others().to(DType::f64);
  const Array wide = factors().to(DType::f64);
  require_equal(entropy(x, labels()).array(), cross_entropy(x, labels(), {.weight = wide}).array());
  require_equal(likelihood(x, labels()).array(), nll_loss(x, labels(), {.weight = wide}).array());
  require_equal(binary(x, t).array(),
                binary_cross_entropy_with_logits(x, t, {.weight = wide, .pos_weight = wide}).array());
}

TEST_CASE("options of loss layers out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::CrossEntropyLoss({.label_smoothing = 1.5}), ValueError,
                         Message("CrossEntropyLoss: label_smoothing must be in [0, 1], got 1.5"));
  REQUIRE_THROWS_MATCHES(nn::SmoothL1Loss({.beta = -1}), ValueError,
                         Message("SmoothL1Loss: beta must be finite and not negative, got -1"));
  REQUIRE_THROWS_MATCHES(nn::HuberLoss({.delta = 0}), ValueError,
                         Message("HuberLoss: delta must be positive and finite, got 0"));
  REQUIRE_THROWS_MATCHES(nn::DiceLoss({.smooth = -0.5}), ValueError,
                         Message("DiceLoss: smooth must be positive and finite, got -0.5"));
}

}  // namespace test_loss
