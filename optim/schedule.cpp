#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/optim/schedule.hpp>

namespace tapestry::optim {
namespace {

/// From `start` at share 0 to `end` at share 1 along half a cosine.
double half_cosine(double start, double end, double share) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * share));
}

void check_steps(std::string_view schedule, std::int64_t total_steps) {
  if (total_steps < 1)
    throw ValueError(fmt::format("{}: total_steps must be at least 1, got {}", schedule, total_steps));
}

}  // namespace

double one_cycle_lr(const OneCycleOptions& options, std::int64_t step) {
  detail::check_option("OneCycle", "max_lr", options.max_lr);
  check_steps("OneCycle", options.total_steps);
  if (!(options.warmup >= 0 && options.warmup <= 1)) {
    throw ValueError(fmt::format("OneCycle: warmup must be in [0, 1], got {}", options.warmup));
  }
  if (!(options.div_factor >= 1 && options.final_div_factor >= 1)) {
    throw ValueError(fmt::format("OneCycle: div_factor and final_div_factor must be at least 1, got {} and {}",
                                 options.div_factor, options.final_div_factor));
  }
  const double first = options.max_lr / options.div_factor;
  const double last = first / options.final_div_factor;
  const auto final_step = static_cast<double>(options.total_steps - 1);
  const double peak = std::max(0.0, options.warmup * static_cast<double>(options.total_steps) - 1);
  const double at = std::min(static_cast<double>(step), final_step);
  if (at < peak) return half_cosine(first, options.max_lr, at / peak);
  return half_cosine(options.max_lr, last, final_step > peak ? (at - peak) / (final_step - peak) : 0);
}

double cosine_lr(const CosineOptions& options, std::int64_t step) {
  detail::check_option("Cosine", "lr", options.lr);
  detail::check_option("Cosine", "min_lr", options.min_lr);
  check_steps("Cosine", options.total_steps);
  const auto total = static_cast<double>(options.total_steps);
  return half_cosine(options.lr, options.min_lr, std::min(static_cast<double>(step), total) / total);
}

Schedule::Schedule(Optimizer& optimizer, std::function<double(std::int64_t)> rate)
    : optimizer_(&optimizer), rate_(std::move(rate)) {
  for (std::size_t group = 0; group < optimizer.group_count(); ++group) ratios_.push_back(optimizer.lr(group));
  const double largest = *std::ranges::max_element(ratios_);
  largest_ = static_cast<std::size_t>(std::ranges::find(ratios_, largest) - ratios_.begin());
  for (double& ratio : ratios_) ratio = largest > 0 ? ratio / largest : 0;
  apply(0);
}

Schedule::Schedule(Optimizer& optimizer, const OneCycleOptions& options)
    : Schedule(optimizer, [options](std::int64_t step) { return one_cycle_lr(options, step); }) {}

Schedule::Schedule(Optimizer& optimizer, const CosineOptions& options)
    : Schedule(optimizer, [options](std::int64_t step) { return cosine_lr(options, step); }) {}

void Schedule::step() {
  apply(step_ + 1);
  ++step_;
}

void Schedule::apply(std::int64_t step) {
  const double rate = rate_(step);
  for (std::size_t group = 0; group < ratios_.size(); ++group) optimizer_->set_lr(group, rate * ratios_[group]);
}

}  // namespace tapestry::optim
