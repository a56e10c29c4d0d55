#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/optim/sgd.hpp>

namespace tapestry::optim {
namespace {

template <class T>
struct SgdRates {
  T lr, momentum, decay;
  bool nesterov;
};

// SgdRates are passed by value: the compiler must assume that storing a parameter changes anything in memory.

template <class T>
void descend(std::int64_t size, SgdRates<T> rates, const T* g, T* p) {
  for (std::int64_t i = 0; i < size; ++i) p[i] -= rates.lr * (g[i] + rates.decay * p[i]);
}

template <class T>
void descend_with_momentum(std::int64_t size, SgdRates<T> rates, const T* g, T* v, T* p) {
  for (std::int64_t i = 0; i < size; ++i) {
    const T step = g[i] + rates.decay * p[i];
    const T velocity = rates.momentum * v[i] + step;
    v[i] = velocity;
    p[i] -= rates.lr * (rates.nesterov ? step + rates.momentum * velocity : velocity);
  }
}

}  // namespace

void SgdOptions::check(std::string_view optimizer) const {
  detail::check_option(optimizer, "lr", lr);
  detail::check_option(optimizer, "momentum", momentum);
  detail::check_option(optimizer, "weight_decay", weight_decay);
  if (nesterov && momentum == 0) throw ValueError(fmt::format("{}: nesterov requires momentum > 0, got 0", optimizer));
}

Sgd::Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options) : Sgd({{parameters, options}}) {}

Sgd::Sgd(std::vector<ParameterGroup<SgdOptions>> groups) : GroupedOptimizer("Sgd", std::move(groups)) {}

RangeUpdate Sgd::update(Array parameter, const Array& gradient, const SgdOptions& options, SgdState& state) {
  const Array ordered = gradient.contiguous(parameter.format());
  if (options.momentum != 0) {
    // With v = 0, momentum · v + g of the first step is g. A value in another format may have replaced the parameter's.
    state.velocity = state.velocity.defined() ? state.velocity.contiguous(parameter.format())
                                              : Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
  }
  return visit_floating("Sgd", parameter.dtype(), [&]<class T>() -> RangeUpdate {
    const SgdRates<T> rates = {.lr = static_cast<T>(options.lr.get()),
                               .momentum = static_cast<T>(options.momentum),
                               .decay = static_cast<T>(options.weight_decay),
                               .nesterov = options.nesterov};
    T* const p = parameter.mutable_data<T>();
    T* const v = options.momentum != 0 ? state.velocity.mutable_data<T>() : nullptr;
    return [rates, p, v, ordered](std::int64_t begin, std::int64_t end) {
      const T* const g = ordered.data<T>() + begin;
      if (v == nullptr) {
        descend(end - begin, rates, g, p + begin);
      } else {
        descend_with_momentum(end - begin, rates, g, v + begin, p + begin);
      }
    };
  });
}

}  // namespace tapestry::optim
