#include <cmath>

#include <tapestry/core/map.hpp>
#include <tapestry/optim/adamw.hpp>

namespace tapestry::optim {

void AdamWOptions::check(std::string_view optimizer) const {
  detail::check_option(optimizer, "lr", lr);
  detail::check_option(optimizer, "beta1", beta1, 0, 1);
  detail::check_option(optimizer, "beta2", beta2, 0, 1);
  detail::check_option(optimizer, "eps", eps);
  detail::check_option(optimizer, "weight_decay", weight_decay);
}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options) : AdamW({{parameters, options}}) {}

AdamW::AdamW(std::vector<ParameterGroup<AdamWOptions>> groups) : GroupedOptimizer("AdamW", std::move(groups)) {}

void AdamW::update(Array parameter, const Array& gradient, const AdamWOptions& options, AdamWState& state) {
  const Array ordered = gradient.contiguous(parameter.format());
  if (state.step++ == 0) {
    state.mean = Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
    state.square = Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
  }
  const auto t = static_cast<double>(state.step);
  const double mean_correction = 1 - std::pow(options.beta1, t);
  const double square_correction = 1 - std::pow(options.beta2, t);
  visit_floating("AdamW", parameter.dtype(), [&]<class T>() {
    const auto beta1 = static_cast<T>(options.beta1);
    const auto beta2 = static_cast<T>(options.beta2);
    const auto eps = static_cast<T>(options.eps);
    const auto keep = static_cast<T>(1 - options.lr * options.weight_decay);
    const auto rate = static_cast<T>(options.lr / mean_correction);
    const auto root = static_cast<T>(1 / std::sqrt(square_correction));
    T* p = parameter.mutable_data<T>();
    T* m = state.mean.mutable_data<T>();
    T* v = state.square.mutable_data<T>();
    const T* g = ordered.data<T>();
    for_ranges(parameter.numel(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        p[i] = keep * p[i] - rate * m[i] / (std::sqrt(v[i]) * root + eps);
      }
    });
  });
}

}  // namespace tapestry::optim
