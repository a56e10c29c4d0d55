#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/optim/optimizer.hpp>

namespace tapestry::optim {

void Optimizer::zero_grad() {
  const ProfileScope scope("zero_grad");
  for (Tensor& parameter : parameters_) parameter.set_grad({});
}

void Optimizer::add_parameters(std::string_view optimizer, const std::vector<Tensor>& parameters) {
  if (parameters.empty()) throw ValueError(fmt::format("{}: the list of parameters is empty", optimizer));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    if (!parameter.defined() || !parameter.is_leaf()) {
      throw ValueError(fmt::format("{}: parameter {} is not a leaf tensor", optimizer, i));
    }
    const bool is_known = std::any_of(parameters_.begin(), parameters_.end(),
                                      [&](const Tensor& known) { return known.is_same(parameter); });
    if (is_known) {
      throw ValueError(
          fmt::format("{}: parameter {} ({}) is listed twice", optimizer, i, to_string(parameter.array())));
    }
    parameters_.push_back(parameter);
  }
}

namespace detail {

void run_updates(const std::vector<ParameterUpdate>& updates) {
  // The first index of each parameter in the concatenation of all.
  std::vector<std::int64_t> begins;
  std::int64_t total = 0;
  for (const ParameterUpdate& update : updates) {
    begins.push_back(total);
    total += update.size;
  }
  for_ranges(total, [&](std::int64_t begin, std::int64_t end) {
    auto i = static_cast<std::size_t>(std::ranges::upper_bound(begins, begin) - begins.begin()) - 1;
    for (; i < updates.size() && begins[i] < end; ++i) {
      updates[i].run(std::max<std::int64_t>(begin - begins[i], 0), std::min(end - begins[i], updates[i].size));
    }
  });
}

void check_option(std::string_view optimizer, std::string_view option, double value) {
  if (!std::isfinite(value) || value < 0) {
    throw ValueError(fmt::format("{}: {} must be finite and not negative, got {}", optimizer, option, value));
  }
}

void check_option(std::string_view optimizer, std::string_view option, double value, double least, double below) {
  if (!(value >= least && value < below)) {
    throw ValueError(fmt::format("{}: {} must be in [{}, {}), got {}", optimizer, option, least, below, value));
  }
}

}  // namespace detail
}  // namespace tapestry::optim
