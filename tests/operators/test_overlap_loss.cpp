// Losses of distributions and of areas.
#include <cmath>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "operators/loss_cases.hpp"

namespace test_overlap_loss {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("operator: dice_loss") {
  const auto sample = [](Generator& random) {
    const Array p = random.reals(random.shape(3, 4, 4), 0, 1);
    const Array t = random.reals(p.shape(), 0, 1);
    const double smooth = random.real(0.1, 2);
    const Reduction reduction = random_reduction(random);
    const std::int64_t width = p.rank() == 4 ? p.size(3) : 1;
    const Array losses = made_of({p.size(0), p.size(1)}, [&](const Index& row) {
      Real common = 0, all = 0;
      for (std::int64_t i = 0; i < p.size(2); ++i) {
        for (std::int64_t j = 0; j < width; ++j) {
          Index at = {row[0], row[1], i, j};
          at.resize(static_cast<std::size_t>(p.rank()));
          common += static_cast<Real>(element(p, at)) * element(t, at);
          all += static_cast<Real>(element(p, at)) + element(t, at);
        }
      }
      return 1 - (2 * common + smooth) / (all + smooth);
    });
    return Sample{
        .function = [=](Inputs in) { return dice_loss(in[0], in[1], {.reduction = reduction, .smooth = smooth}); },
        .inputs = {p, t},
        .expected = reduced(losses, reduction, static_cast<double>(losses.numel())),
        .options = name_of(reduction) + " smooth " + std::to_string(smooth)};
  };
  const auto call = [](const Shape& shape, const Shape& targets, const DiceLossOptions& options = {}) {
    return [=] { dice_loss(Array::zeros(shape), Array::zeros(targets), options); };
  };
  check_operator(
      {.name = "dice_loss",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return dice_loss(in[0], in[1], {.reduction = Reduction::sum}); },
                     {Array::zeros({0, 2, 3}), Array::zeros({0, 2, 3})},
                     Array::zeros({})}},
       .rejections = {rejects<ShapeError>(call({2, 3}, {2, 3}),
                                          "dice_loss: expected probabilities (N, C, d₁, …), got [2, 3]"),
                      rejects<ShapeError>(
                          call({2, 3, 4}, {2, 3, 5}),
                          "dice_loss: expected an input and a target of the same shape, got [2, 3, 4] and "
                          "[2, 3, 5]"),
                      rejects<ValueError>(call({0, 3, 4}, {0, 3, 4}),
                                          "dice_loss: cannot take the mean over no classes (input [0, 3, 4])"),
                      rejects<ValueError>(call({2, 3, 4}, {2, 3, 4}, {.smooth = 0}),
                                          "dice_loss: smooth must be positive and finite, got 0"),
                      rejects<DTypeError>(
                          [] {
                            dice_loss(Array::zeros({1, 1, 1}, DType::u8), Array::zeros({1, 1, 1}, DType::u8));
                          },
                          "dice_loss: expected f32 or f64, got u8")},
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: kl_div") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4), -3, 0);
    const bool log_target = random.one_in(2);
    const Array t = log_target ? random.reals(x.shape(), -3, 0) : random.reals(x.shape(), 0.05, 1);
    const auto reduction = std::vector{KlReduction::mean, KlReduction::batch_mean, KlReduction::sum,
                                       KlReduction::none}[static_cast<std::size_t>(random.between(0, 3))];
    const Array terms = made_of(x.shape(), [&](const Index& index) {
      const Real target = log_target ? std::exp(static_cast<Real>(element(t, index))) : element(t, index);
      return target * (std::log(target) - element(x, index));
    });
    const double divisor = static_cast<double>(reduction == KlReduction::mean         ? x.numel()
                                               : reduction == KlReduction::batch_mean ? x.size(0)
                                                                                      : 1);
    return Sample{
        .function = [=](Inputs in) { return kl_div(in[0], in[1], {.reduction = reduction, .log_target = log_target}); },
        .inputs = {x, t},
        .expected = reduced(terms, reduction == KlReduction::none ? Reduction::none : Reduction::mean, divisor),
        .options = "reduction " + std::to_string(static_cast<int>(reduction)) + (log_target ? " log_target" : "")};
  };
  const auto call = [](const Tensor& x, const Tensor& t) { return kl_div(x, t); };
  const auto by_batch = [](const Shape& shape) {
    return [=] { kl_div(Array::zeros(shape), Array::zeros(shape), {.reduction = KlReduction::batch_mean}); };
  };
  check_operator(
      {.name = "kl_div",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return kl_div(in[0], in[1], {.reduction = KlReduction::sum}); },
                     {Array::zeros({0, 3}), Array::zeros({0, 3})},
                     Array::zeros({})},
                    {[](Inputs in) { return kl_div(in[0], in[1], {.reduction = KlReduction::batch_mean}); },
                     {Array::zeros({2, 0}), Array::zeros({2, 0})},
                     Array::zeros({})}},
       .rejections =
           with(pointwise_rejections("kl_div", call),
                {rejects<ShapeError>(by_batch({}), "kl_div: expected samples (N, …) for batch_mean, got a scalar"),
                 rejects<ValueError>(by_batch({0, 3}), "kl_div: cannot take the mean of no samples (input [0, 3])")}),
       .configurations = 60,
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

}  // namespace test_overlap_loss
