// Learning-rate schedules: the rate as a function of the step.
#pragma once

#include <cstdint>
#include <functional>

#include <tapestry/core/required.hpp>
#include <tapestry/optim/optimizer.hpp>

namespace tapestry::optim {

struct OneCycleOptions {
  Required<double> max_lr;
  Required<std::int64_t> total_steps;
  double warmup = 0.3;            ///< the fraction of the steps in which the rate rises
  double div_factor = 25;         ///< the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  ///< the last rate is the first / final_div_factor
};

/// The rate at `step`, 0 ≤ step < total_steps: rises from the first rate to max_lr during warm-up, then falls to the
/// last rate, both along half a cosine (Smith and Topin, "Super-convergence", 2019; PyTorch's OneCycleLR). Throws a
/// ValueError for options out of range.
double one_cycle_lr(const OneCycleOptions& options, std::int64_t step);

struct CosineOptions {
  Required<double> lr;
  Required<std::int64_t> total_steps;
  double min_lr = 0;
};

/// The rate at `step`: falls from lr at step 0 to min_lr at total_steps along half a cosine and stays at min_lr
/// afterwards (Loshchilov and Hutter, "SGDR", 2017, equation 5, without restarts). Throws a ValueError for options out
/// of range.
double cosine_lr(const CosineOptions& options, std::int64_t step);

/// Sets the rates of an optimizer's groups. The group with the largest rate at construction, its base rate, gets the
/// scheduled one, and the others in proportion to their base rates: groups of 0.001 and 0.1 under a schedule with a
/// peak of 0.1 peak at 0.001 and 0.1, and a group of 0 stays at 0. The optimizer must outlive it.
class Schedule {
 public:
  /// Sets the rate of step 0. Throws a ValueError for a rate that is negative or not finite.
  Schedule(Optimizer& optimizer, std::function<double(std::int64_t step)> rate);
  /// With the rates of one_cycle_lr or cosine_lr.
  Schedule(Optimizer& optimizer, const OneCycleOptions& options);
  Schedule(Optimizer& optimizer, const CosineOptions& options);

  /// Advances to the rate of the next step; call it after the optimizer's step. Throws as the constructor does.
  void step();
  /// The rate of the group with the largest base rate.
  double lr() const { return optimizer_->lr(largest_); }

 private:
  void apply(std::int64_t step);

  Optimizer* optimizer_;
  std::function<double(std::int64_t)> rate_;
  std::vector<double> ratios_;  ///< of the base rates to the largest one
  std::size_t largest_ = 0;     ///< the group with the largest base rate
  std::int64_t step_ = 0;
};

}  // namespace tapestry::optim
