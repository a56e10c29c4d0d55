#include <tapestry/optim/sgd.hpp>

#include "optim/optimizer_checks.hpp"
#include "required_fields.hpp"

namespace test_sgd {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using optim::Sgd;
using optim::SgdOptions;

namespace {

static_assert(is_required<&SgdOptions::lr> && !is_required<&SgdOptions::momentum>);

/// The value after steps from 1 with a constant gradient of 0.5.
double after_steps(const SgdOptions& options, int steps) {
  Tensor parameter = Tensor(Array::scalar(1, DType::f64)).set_requires_grad();
  Sgd optimizer({parameter}, options);
  for (int step = 0; step < steps; ++step) {
    parameter.set_grad(Array::scalar(0.5, DType::f64));
    optimizer.step();
  }
  return parameter.item();
}

void require_near(double got, double wanted) {
  INFO("got " << got << ", wanted " << wanted);
  REQUIRE(std::abs(got - wanted) < 1e-14);
}

}  // namespace

TEST_CASE("SGD reaches values computed by hand") {
  require_near(after_steps({.lr = 0.1}, 1), 0.95);
  require_near(after_steps({.lr = 0.1}, 3), 0.85);
  // v: 0.5, 0.95, 1.355
  require_near(after_steps({.lr = 0.1, .momentum = 0.9}, 1), 0.95);
  require_near(after_steps({.lr = 0.1, .momentum = 0.9}, 3), 1 - 0.05 - 0.095 - 0.1355);
  // g + 0.9 v: 0.95, 1.355
  require_near(after_steps({.lr = 0.1, .momentum = 0.9, .nesterov = true}, 2), 1 - 0.095 - 0.1355);
  // g + p / 2: 1, then 0.5 + 0.45
  require_near(after_steps({.lr = 0.1, .weight_decay = 0.5}, 2), 1 - 0.1 - 0.095);
  require_near(after_steps({.lr = 0}, 2), 1);
}

TEST_CASE("SGD with any combination of options follows its rule element by element") {
  for (const double momentum : {0.0, 0.9}) {
    for (const double decay : {0.0, 0.05}) {
      for (const bool nesterov : {false, true}) {
        if (nesterov && momentum == 0) continue;
        INFO("momentum " << momentum << ", decay " << decay << ", nesterov " << nesterov);
        const Tensor parameter = made_up_parameter({3, 5}, 1);
        Sgd optimizer({parameter}, {.lr = 0.2, .momentum = momentum, .weight_decay = decay, .nesterov = nesterov});
        compare_with_loop(optimizer, parameter, 6, [&](Element& p, double gradient, int step) {
          const double g = gradient + decay * p.value;
          p.first = step == 1 ? g : momentum * p.first + g;
          p.value -= 0.2 * (nesterov ? g + momentum * p.first : p.first);
        });
      }
    }
  }
}

TEST_CASE("SGD accepts a gradient in another memory format") {
  for (const auto format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    const auto other = format == MemoryFormat::row_major ? MemoryFormat::channels_last : MemoryFormat::row_major;
    const Array start = Generator(2).reals({2, 3, 4, 5}).contiguous(format);
    const Array gradient = made_up_gradient({2, 3, 4, 5}, 1);
    const auto stepped = [&](const Array& g) {
      Tensor parameter = Tensor(start.clone()).set_requires_grad();
      parameter.set_grad(g);
      Sgd({parameter}, {.lr = 0.5, .momentum = 0.9}).step();
      REQUIRE(parameter.array().format() == format);
      return parameter.array();
    };
    require_equal(stepped(gradient.contiguous(other)), stepped(gradient.contiguous(format)));
  }
}

TEST_CASE("SGD gives the same bits at any number of threads") {
  require_same_at_any_thread_count([](const Tensor& parameter) {
    Sgd optimizer({parameter}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3, .nesterov = true});
    take_three_steps(optimizer, parameter);
  });
}

TEST_CASE("SGD rejects options out of range with option and value") {
  const Tensor p = made_up_parameter({2}, 1);
  const auto with_rate = [](double lr) {
    return "Sgd: lr must be finite and not negative, got " + std::string(lr < 0 ? "-0.1" : lr > 0 ? "inf" : "nan");
  };
  for (const double lr : {-0.1, not_a_number, infinite}) {
    REQUIRE_THROWS_MATCHES(Sgd({p}, {.lr = lr}), ValueError, Message(with_rate(lr)));
  }
  REQUIRE_THROWS_MATCHES(Sgd({p}, {.lr = 1, .momentum = -0.5}), ValueError,
                         Message("Sgd: momentum must be finite and not negative, got -0.5"));
  REQUIRE_THROWS_MATCHES(Sgd({p}, {.lr = 1, .momentum = not_a_number}), ValueError,
                         Message("Sgd: momentum must be finite and not negative, got nan"));
  REQUIRE_THROWS_MATCHES(Sgd({p}, {.lr = 1, .weight_decay = -1}), ValueError,
                         Message("Sgd: weight_decay must be finite and not negative, got -1"));
  REQUIRE_THROWS_MATCHES(Sgd({p}, {.lr = 1, .nesterov = true}), ValueError,
                         Message("Sgd: nesterov requires momentum > 0, got 0"));
}

}  // namespace test_sgd
