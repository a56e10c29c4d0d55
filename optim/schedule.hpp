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

/// Sets the rates of an optimizer's groups, and keeps the ratio of each group's rate to the first group's at
/// construction. The optimizer must outlive it.
class Schedule {
 public:
  /// Sets the rate of step 0.
  Schedule(Optimizer& optimizer, std::function<double(std::int64_t step)> rate);
  /// With the rates of one_cycle_lr or cosine_lr.
  Schedule(Optimizer& optimizer, const OneCycleOptions& options);
  Schedule(Optimizer& optimizer, const CosineOptions& options);

  /// Advances to the rate of the next step; call it after the optimizer's step.
  void step();
  double lr() const { return optimizer_->lr(); }

 private:
  void apply();

  Optimizer* optimizer_;
  std::function<double(std::int64_t)> rate_;
  std::vector<double> ratios_;
  std::int64_t step_ = 0;
};

}  // namespace tapestry::optim
