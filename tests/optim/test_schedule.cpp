#include <numbers>

#include <tapestry/optim/schedule.hpp>
#include <tapestry/optim/sgd.hpp>

#include "optim/optimizer_checks.hpp"

namespace test_schedule {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using optim::cosine_lr;
using optim::one_cycle_lr;
using optim::Schedule;
using optim::Sgd;

namespace {

void require_near(double got, double wanted) {
  INFO("got " << got << ", wanted " << wanted);
  REQUIRE(std::abs(got - wanted) <= 1e-14 * std::abs(wanted));
}

Sgd two_groups(double first, double second) {
  return Sgd({{.parameters = {made_up_parameter({1}, 1)}, .options = {.lr = first}},
              {.parameters = {made_up_parameter({1}, 2)}, .options = {.lr = second}}});
}

}  // namespace

TEST_CASE("one_cycle_lr starts low and rises to the peak and ends near zero") {
  const optim::OneCycleOptions options = {
      .max_lr = 2, .total_steps = 101, .warmup = 0.4, .div_factor = 10, .final_div_factor = 100};
  const double peak = 0.4 * 101 - 1;  // between steps 39 and 40
  const auto along = [](double start, double end, double share) {
    return start + (end - start) * (1 - std::cos(std::numbers::pi * share)) / 2;
  };
  require_near(one_cycle_lr(options, 0), 0.2);
  for (const int step : {1, 17, 39}) require_near(one_cycle_lr(options, step), along(0.2, 2, step / peak));
  for (const int step : {40, 71, 99}) {
    require_near(one_cycle_lr(options, step), along(2, 0.002, (step - peak) / (100 - peak)));
  }
  REQUIRE(std::abs(one_cycle_lr(options, 100) - 0.002) < 1e-15);
  for (int step = 1; step <= 100; ++step) {
    REQUIRE((one_cycle_lr(options, step) > one_cycle_lr(options, step - 1)) == (step < 40));
  }
}

TEST_CASE("one cycle with the usual options passes the points of its curve") {
  const optim::OneCycleOptions options = {.max_lr = 1, .total_steps = 10};
  require_near(one_cycle_lr(options, 0), 0.04);
  require_near(one_cycle_lr(options, 1), 0.52);
  require_near(one_cycle_lr(options, 2), 1);
  REQUIRE(std::abs(one_cycle_lr(options, 9) - 4e-6) < 1e-15);
  // constant after the end
  REQUIRE(one_cycle_lr(options, 1000) == one_cycle_lr(options, 9));
}

TEST_CASE("one cycle without warm-up or with warm-up only has its peak at an end") {
  require_near(one_cycle_lr({.max_lr = 3, .total_steps = 5, .warmup = 0}, 0), 3);
  require_near(one_cycle_lr({.max_lr = 3, .total_steps = 5, .warmup = 1}, 4), 3);
  require_near(one_cycle_lr({.max_lr = 3, .total_steps = 5, .warmup = 1}, 0), 0.12);
  require_near(one_cycle_lr({.max_lr = 3, .total_steps = 1}, 0), 3);
}

TEST_CASE("a cosine schedule falls from lr to min_lr") {
  const optim::CosineOptions options = {.lr = 1, .total_steps = 12, .min_lr = 0.2};
  require_near(cosine_lr(options, 0), 1);
  require_near(cosine_lr(options, 4), 0.8);  // cos 60°
  require_near(cosine_lr(options, 6), 0.6);
  require_near(cosine_lr(options, 8), 0.4);
  require_near(cosine_lr(options, 12), 0.2);
  require_near(cosine_lr(options, 99), 0.2);
  REQUIRE(cosine_lr({.lr = 1, .total_steps = 7}, 7) == 0);
}

TEST_CASE("schedules reject options out of range") {
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = -1, .total_steps = 5}, 0), ValueError,
                         Message("OneCycle: max_lr must be finite and not negative, got -1"));
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = 1, .total_steps = 0}, 0), ValueError,
                         Message("OneCycle: total_steps must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = 1, .total_steps = 5, .warmup = 1.5}, 0), ValueError,
                         Message("OneCycle: warmup must be in [0, 1], got 1.5"));
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = 1, .total_steps = 5, .warmup = not_a_number}, 0), ValueError,
                         Message("OneCycle: warmup must be in [0, 1], got nan"));
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = 1, .total_steps = 5, .div_factor = 0.5}, 0), ValueError,
                         Message("OneCycle: div_factor and final_div_factor must be at least 1, got 0.5 and 10000"));
  REQUIRE_THROWS_MATCHES(one_cycle_lr({.max_lr = 1, .total_steps = 5, .final_div_factor = not_a_number}, 0), ValueError,
                         Message("OneCycle: div_factor and final_div_factor must be at least 1, got 25 and nan"));
  REQUIRE_THROWS_MATCHES(cosine_lr({.lr = not_a_number, .total_steps = 5}, 0), ValueError,
                         Message("Cosine: lr must be finite and not negative, got nan"));
  REQUIRE_THROWS_MATCHES(cosine_lr({.lr = 1, .total_steps = 5, .min_lr = -1}, 0), ValueError,
                         Message("Cosine: min_lr must be finite and not negative, got -1"));
  REQUIRE_THROWS_MATCHES(cosine_lr({.lr = 1, .total_steps = -5}, 0), ValueError,
                         Message("Cosine: total_steps must be at least 1, got -5"));
}

TEST_CASE("a schedule sets the rate of each step and keeps the ratio between groups") {
  Sgd optimizer = two_groups(0.4, 0.1);
  const optim::OneCycleOptions options = {.max_lr = 0.8, .total_steps = 10};
  Schedule schedule(optimizer, options);
  for (int step = 0; step < 10; ++step) {
    require_near(schedule.lr(), one_cycle_lr(options, step));
    require_near(optimizer.lr(0), one_cycle_lr(options, step));
    require_near(optimizer.lr(1), one_cycle_lr(options, step) / 4);
    schedule.step();
  }
}

TEST_CASE("a schedule follows a cosine or any function of the step") {
  Sgd optimizer = two_groups(0.5, 0.25);
  const optim::CosineOptions options = {.lr = 0.5, .total_steps = 4};
  Schedule cosine(optimizer, options);
  cosine.step();
  require_near(optimizer.lr(1), cosine_lr(options, 1) / 2);

  Schedule halving(optimizer, [](std::int64_t step) { return 1.0 / static_cast<double>(std::int64_t{1} << step); });
  REQUIRE(optimizer.lr() == 1);
  halving.step();
  halving.step();
  REQUIRE(optimizer.lr() == 0.25);
  REQUIRE(optimizer.lr(1) == 0.125);
}

TEST_CASE("every group keeps its own base rate whatever the order of the rates") {
  const std::vector<std::vector<double>> cases = {
      {0.001, 0.1}, {0.1, 0.001}, {0, 0.1}, {0.1, 0}, {0.1, 0.1}, {0, 0}, {0.1}, {0, 0.05, 0.1}, {0}, {0.1, 0, 0.001}};
  const optim::OneCycleOptions one_cycle = {.max_lr = 0.1, .total_steps = 10};
  const optim::CosineOptions cosine = {.lr = 0.1, .total_steps = 10};
  const std::vector<std::function<double(std::int64_t)>> rates = {
      [&](std::int64_t step) { return one_cycle_lr(one_cycle, step); },
      [&](std::int64_t step) { return cosine_lr(cosine, step); },
      [](std::int64_t step) { return 0.1 / static_cast<double>(step + 1); }};
  for (const auto& bases : cases) {
    for (std::size_t kind = 0; kind < rates.size(); ++kind) {
      std::vector<optim::ParameterGroup<optim::SgdOptions>> groups;
      for (const double base : bases) groups.push_back({{made_up_parameter({1}, 1)}, {.lr = base}});
      Sgd optimizer(groups);
      Schedule schedule = kind == 0   ? Schedule(optimizer, one_cycle)
                          : kind == 1 ? Schedule(optimizer, cosine)
                                      : Schedule(optimizer, rates[kind]);
      for (int step = 0; step < 10; ++step) {
        for (std::size_t group = 0; group < bases.size(); ++group) {
          INFO("schedule " << kind << ", step " << step << ", group " << group << " of base rate " << bases[group]);
          require_near(optimizer.lr(group), bases[group] * rates[kind](step) / 0.1);
        }
        schedule.step();
      }
    }
  }
}

TEST_CASE("a schedule reports the rate of the group with the largest base rate") {
  Sgd optimizer = two_groups(0, 0.1);
  const Schedule schedule(optimizer, optim::CosineOptions{.lr = 0.5, .total_steps = 4});
  REQUIRE(schedule.lr() == 0.5);
}

TEST_CASE("a rate out of range changes neither the groups nor the step of a schedule") {
  Sgd optimizer = two_groups(0.2, 0.1);
  bool is_broken = false;
  Schedule schedule(optimizer, [&](std::int64_t step) { return is_broken ? -1.0 : static_cast<double>(step + 1); });
  is_broken = true;
  REQUIRE_THROWS_AS(schedule.step(), ValueError);
  REQUIRE(optimizer.lr(0) == 1);
  REQUIRE(optimizer.lr(1) == 0.5);
  is_broken = false;
  schedule.step();
  REQUIRE(optimizer.lr(0) == 2);
}

TEST_CASE("a schedule out of range is rejected on construction") {
  Sgd optimizer = two_groups(0.5, 0.25);
  REQUIRE_THROWS_AS(Schedule(optimizer, optim::CosineOptions{.lr = 0.5, .total_steps = 0}), ValueError);
  REQUIRE_THROWS_AS(Schedule(optimizer, optim::OneCycleOptions{.max_lr = 0.5, .total_steps = 4, .warmup = 2}),
                    ValueError);
  REQUIRE(optimizer.lr() == 0.5);
}

}  // namespace test_schedule
