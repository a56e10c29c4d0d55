// Losses at their bounds, for large arguments, and for empty input.
#include <cmath>
#include <limits>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_loss {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The gradient of a sum.
template <class Loss>
Array gradient_of(const Array& x, const Loss& loss) {
  const Tensor input = leaf(x);
  loss(input).backward();
  return input.grad().array();
}

}  // namespace

TEST_CASE("the derivative of l1_loss is 0 where the input is the target and NaN for NaN") {
  const Array target = f32({4}, {1, 1, 1, 1});
  for (const double beta : {0.0, -1.0}) {
    const auto loss = [&](const Tensor& x) {
      if (beta < 0) return l1_loss(x, target, Reduction::sum);
      return smooth_l1_loss(x, target, {.reduction = Reduction::sum, .beta = beta});
    };
    require_equal(gradient_of(f32({4}, {1, 3, -2, NAN}), loss), f32({4}, {0, 1, -1, NAN}));
  }
}

TEST_CASE("the quadratic and linear parts of huber_loss and smooth_l1_loss meet at their bound") {
  const Array target = Array::zeros({5});
  const Array x = f32({5}, {-3, -2, 0, 2, 3});
  require_equal(huber_loss(x, target, {.reduction = Reduction::none, .delta = 2}).array(), f32({5}, {4, 2, 0, 2, 4}));
  require_equal(smooth_l1_loss(x, target, {.reduction = Reduction::none, .beta = 2}).array(),
                f32({5}, {2, 1, 0, 1, 2}));
  const auto huber = [&](const Tensor& in) {
    return huber_loss(in, target, {.reduction = Reduction::sum, .delta = 2});
  };
  require_equal(gradient_of(x, huber), f32({5}, {-2, -2, 0, 2, 2}));
  const auto smooth = [&](const Tensor& in) {
    return smooth_l1_loss(in, target, {.reduction = Reduction::sum, .beta = 2});
  };
  require_equal(gradient_of(x, smooth), f32({5}, {-1, -1, 0, 1, 1}));
}

TEST_CASE("logits of ten thousand give finite binary losses and gradients") {
  const Array x = f32({4}, {1e4F, -1e4F, 1e4F, -1e4F});
  const Array t = f32({4}, {1, 0, 0, 1});
  const auto loss = [&](const Tensor& in) {
    return binary_cross_entropy_with_logits(in, t, {.reduction = Reduction::sum});
  };
  require_equal(binary_cross_entropy_with_logits(x, t, {.reduction = Reduction::none}).array(),
                f32({4}, {0, 0, 1e4F, 1e4F}));
  require_equal(gradient_of(x, loss), f32({4}, {0, 0, 1, -1}));
  const BinaryCrossEntropyOptions weighted = {.reduction = Reduction::none, .pos_weight = f32({1}, {3})};
  require_equal(binary_cross_entropy_with_logits(x, t, weighted).array(), f32({4}, {0, 0, 1e4F, 3e4F}));
}

TEST_CASE("binary losses keep their precision where one class is almost certain") {
  const Array x = f64({2}, {30, -30});
  const Array t = f64({2}, {1, 0});
  const Array wanted = f64({2}, {std::log1p(std::exp(-30.0)), std::log1p(std::exp(-30.0))});
  require_equal(binary_cross_entropy_with_logits(x, t, {.reduction = Reduction::none}).array(), wanted);
  const BinaryCrossEntropyOptions weighted = {.reduction = Reduction::none, .pos_weight = f64({1}, {1})};
  require_equal(binary_cross_entropy_with_logits(f64({1}, {30}), f64({1}, {1}), weighted).array(),
                f64({1}, {wanted.at({0})}));
}

TEST_CASE("a target of probability zero adds nothing to kl_div") {
  const double never = -std::numeric_limits<double>::infinity();
  const Array loss = kl_div(f64({3}, {-1, never, 0}), f64({3}, {0, 0, 1}), {.reduction = KlReduction::none}).array();
  require_equal(loss, f64({3}, {0, 0, 0}));
}

TEST_CASE("kl_div with batch_mean is the divergence per sample and 0 for equal distributions") {
  Generator random(1);
  const Tensor p = softmax(random.reals({4, 5}, -2, 2)), q = softmax(random.reals({4, 5}, -2, 2));
  const KlDivOptions by_sample = {.reduction = KlReduction::batch_mean};
  REQUIRE(std::abs(kl_div(Array(log(p).array()), p, by_sample).item()) < 1e-15);
  REQUIRE(kl_div(Array(log(q).array()), p, by_sample).item() > 0);
  // mean over 20 elements against sum over 4 samples
  REQUIRE(std::abs(kl_div(log(q), p, by_sample).item() - 5 * kl_div(log(q), p).item()) < 1e-15);
}

TEST_CASE("dice_loss is 0 for equal arguments and for two empty masks") {
  const Array target = f32({1, 2, 3}, {1, 0, 1, 0, 0, 0});
  require_equal(dice_loss(target, target, {.reduction = Reduction::none}).array(), f32({1, 2}, {0, 0}));
  const Array opposite = f32({1, 2, 3}, {0, 1, 0, 1, 1, 1});
  require_equal(dice_loss(opposite, target, {.reduction = Reduction::none}).array(), f32({1, 2}, {0.75, 0.75}));
}

}  // namespace test_loss
