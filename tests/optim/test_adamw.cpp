#include <tapestry/optim/adamw.hpp>

#include "optim/optimizer_checks.hpp"

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
