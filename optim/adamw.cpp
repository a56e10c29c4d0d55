#include <cmath>

#include <tapestry/optim/adamw.hpp>

namespace tapestry::optim {
namespace {

template <class T>
struct AdamWRates {
  T beta1, beta2, eps;
  T share1, share2;  ///< 1 − β, which a float has few digits of if it is computed from the rounded β
  T decay;           ///< lr · weight_decay
  T rate;            ///< lr / (1 − β₁ᵗ)
  T root;            ///< 1 / √(1 − β₂ᵗ)
};

// AdamWRates are passed by value: the compiler must assume that storing a parameter changes anything in memory.
template <class T>
void adapt(std::int64_t size, AdamWRates<T> rates, const T* g, T* m, T* v, T* p) {
  for (std::int64_t i = 0; i < size; ++i) {
    m[i] = rates.beta1 * m[i] + rates.share1 * g[i];
    v[i] = rates.beta2 * v[i] + rates.share2 * g[i] * g[i];
    p[i] -= rates.decay * p[i] + rates.rate * m[i] / (std::sqrt(v[i]) * rates.root + rates.eps);
  }
}

}  // namespace

void AdamWOptions::check(std::string_view optimizer) const {
  detail::check_option(optimizer, "lr", lr);
  detail::check_option(optimizer, "beta1", beta1, 0, 1);
  detail::check_option(optimizer, "beta2", beta2, 0, 1);
  detail::check_option(optimizer, "eps", eps);
  detail::check_option(optimizer, "weight_decay", weight_decay);
}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options) : AdamW({{parameters, options}}) {}

AdamW::AdamW(std::vector<ParameterGroup<AdamWOptions>> groups) : GroupedOptimizer("AdamW", std::move(groups)) {}

RangeUpdate AdamW::update(Array parameter, const Array& gradient, const AdamWOptions& options, AdamWState& state) {
  const Array ordered = gradient.contiguous(parameter.format());
  if (state.step++ == 0) {
    state.mean = Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
    state.square = Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
  }
  // A value in another format may have replaced the parameter's.
  state.mean = state.mean.contiguous(parameter.format());
  state.square = state.square.contiguous(parameter.format());
  const auto t = static_cast<double>(state.step);
  const double mean_correction = 1 - std::pow(options.beta1, t);
  const double square_correction = 1 - std::pow(options.beta2, t);
  return visit_floating("AdamW", parameter.dtype(), [&]<class T>() -> RangeUpdate {
    const AdamWRates<T> rates = {.beta1 = static_cast<T>(options.beta1),
                                 .beta2 = static_cast<T>(options.beta2),
                                 .eps = static_cast<T>(options.eps),
                                 .share1 = static_cast<T>(1 - options.beta1),
                                 .share2 = static_cast<T>(1 - options.beta2),
                                 .decay = static_cast<T>(options.lr * options.weight_decay),
                                 .rate = static_cast<T>(options.lr / mean_correction),
                                 .root = static_cast<T>(1 / std::sqrt(square_correction))};
    T* const p = parameter.mutable_data<T>();
    T* const m = state.mean.mutable_data<T>();
    T* const v = state.square.mutable_data<T>();
    return [rates, p, m, v, ordered](std::int64_t begin, std::int64_t end) {
      adapt(end - begin, rates, ordered.data<T>() + begin, m + begin, v + begin, p + begin);
    };
  });
}

}  // namespace tapestry::optim
