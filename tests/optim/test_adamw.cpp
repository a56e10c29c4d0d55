#include <tapestry/optim/adamw.hpp>

#include "optim/optimizer_checks.hpp"

namespace test_adamw {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using optim::AdamW;
using optim::AdamWOptions;

TEST_CASE("AdamW steps by the learning rate along a constant gradient of any size") {
  for (const double gradient : {1e-3, 0.5, -40.0}) {
    Tensor parameter = Tensor(Array::scalar(1, DType::f64)).set_requires_grad();
    AdamW optimizer({parameter}, {.lr = 0.01, .eps = 1e-12, .weight_decay = 0});
    for (int step = 1; step <= 4; ++step) {
      parameter.set_grad(Array::scalar(gradient, DType::f64));
      optimizer.step();
      // m̂ = g and √v̂ = |g| in every step, up to eps / |g| ≤ 1e-9
      REQUIRE(std::abs(parameter.item() - (1 - 0.01 * step * (gradient > 0 ? 1 : -1))) < 1e-10);
    }
  }
}

TEST_CASE("the weight decay of AdamW is independent of the gradient") {
  Tensor parameter = Tensor(Array::scalar(2, DType::f64)).set_requires_grad();
  AdamW optimizer({parameter}, {.lr = 0.1, .weight_decay = 0.5});
  for (int step = 0; step < 3; ++step) {
    parameter.set_grad(Array::scalar(0, DType::f64));
    optimizer.step();
  }
  REQUIRE(std::abs(parameter.item() - 2 * 0.95 * 0.95 * 0.95) < 1e-14);
}

TEST_CASE("AdamW follows its rule element by element") {
  for (const AdamWOptions& options :
       {AdamWOptions{}, AdamWOptions{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.1, .weight_decay = 0.3},
        AdamWOptions{.lr = 0.2, .beta1 = 0, .beta2 = 0, .weight_decay = 0}}) {
    const Tensor parameter = made_up_parameter({3, 5}, 1);
    AdamW optimizer({parameter}, options);
    compare_with_loop(optimizer, parameter, 6, [&](Element& p, double g, int step) {
      p.value -= options.lr * options.weight_decay * p.value;
      p.first = options.beta1 * p.first + (1 - options.beta1) * g;
      p.second = options.beta2 * p.second + (1 - options.beta2) * g * g;
      const double mean = p.first / (1 - std::pow(options.beta1, step));
      const double square = p.second / (1 - std::pow(options.beta2, step));
      p.value -= options.lr * mean / (std::sqrt(square) + options.eps);
    });
  }
}

// One rounding to f32 is 6e-8. Computed as 1 − float(β), the share of a gradient would be off by up to 3e-8 / (1 − β):
// 0.7 % for the first β₂ and everything for the last one.
TEST_CASE("AdamW in f32 follows f64 for rates close to 0 and 1") {
  for (const AdamWOptions& options :
       {AdamWOptions{.lr = 0.01, .beta2 = 0.999999}, AdamWOptions{.lr = 0.01, .beta2 = 1 - 1e-8},
        AdamWOptions{.lr = 0.01, .beta2 = 1 - 1e-12}, AdamWOptions{.lr = 0.01, .beta1 = 1 - 1e-8, .beta2 = 1 - 1e-8},
        AdamWOptions{.lr = 0.01, .beta1 = 0, .beta2 = 0}, AdamWOptions{.lr = 0.01, .beta1 = 1e-8, .beta2 = 1e-9}}) {
    const Array start = Generator(5).reals({20}).to(DType::f32);
    const auto run = [&](DType dtype) {
      Tensor parameter = Tensor(start.to(dtype).clone()).set_requires_grad();
      AdamW optimizer({parameter}, options);
      for (int step = 1; step <= 5; ++step) {
        parameter.set_grad(made_up_gradient({20}, step).to(DType::f32).to(dtype));
        optimizer.step();
      }
      return parameter.array().to(DType::f64);
    };
    INFO("beta1 " << options.beta1 << ", beta2 1 - " << 1 - options.beta2);
    // Values below 10 and steps of 0.01, five times: five roundings of the value and a few of each step.
    require_close(run(DType::f32), run(DType::f64), 1e-6);
  }
}

// 1 − 1e-5 as a float is off by 1.4e-8, 0.14 % of the decay. The roundings of 4096 parameters, ±3e-8 each, are 0.4 % of
// their decay and average out to 0.01 %.
TEST_CASE("the weight decay of AdamW in f32 is exact on average") {
  const auto total = [](const Tensor& x) {
    double sum = 0;
    for (const double value : values_of(x.array())) sum += value;
    return sum;
  };
  Tensor parameter = Tensor(Generator(6).reals({4096}, 0.5, 1).to(DType::f32)).set_requires_grad();
  const double before = total(parameter);
  AdamW optimizer({parameter}, {.lr = 1e-3, .weight_decay = 1e-2});
  parameter.set_grad(Array::zeros({4096}));
  optimizer.step();
  const double decay = 1e-5 * before;
  REQUIRE(std::abs(before - total(parameter) - decay) < 5e-4 * decay);
}

TEST_CASE("AdamW accepts a gradient in another memory format") {
  const Array start = Generator(2).reals({2, 3, 4, 5});
  const Array gradient = made_up_gradient({2, 3, 4, 5}, 1);
  const auto stepped = [&](const Array& g) {
    Tensor parameter = Tensor(start.clone()).set_requires_grad();
    parameter.set_grad(g);
    AdamW({parameter}).step();
    return parameter.array();
  };
  require_equal(stepped(gradient.contiguous(MemoryFormat::channels_last)), stepped(gradient));
}

TEST_CASE("AdamW gives the same bits at any number of threads") {
  require_same_at_any_thread_count([](const Tensor& parameter) {
    AdamW optimizer({parameter});
    take_three_steps(optimizer, parameter);
  });
}

TEST_CASE("AdamW rejects options out of range with option and value") {
  const Tensor p = made_up_parameter({2}, 1);
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.lr = -1}), ValueError,
                         Message("AdamW: lr must be finite and not negative, got -1"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.lr = not_a_number}), ValueError,
                         Message("AdamW: lr must be finite and not negative, got nan"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.lr = infinite}), ValueError,
                         Message("AdamW: lr must be finite and not negative, got inf"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.beta1 = 1}), ValueError, Message("AdamW: beta1 must be in [0, 1), got 1"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.beta1 = -0.1}), ValueError, Message("AdamW: beta1 must be in [0, 1), got -0.1"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.beta2 = 1.5}), ValueError, Message("AdamW: beta2 must be in [0, 1), got 1.5"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.beta2 = not_a_number}), ValueError,
                         Message("AdamW: beta2 must be in [0, 1), got nan"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.eps = -1e-8}), ValueError,
                         Message("AdamW: eps must be finite and not negative, got -1e-08"));
  REQUIRE_THROWS_MATCHES(AdamW({p}, {.weight_decay = -0.5}), ValueError,
                         Message("AdamW: weight_decay must be finite and not negative, got -0.5"));
}

}  // namespace test_adamw
