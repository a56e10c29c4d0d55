#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/optim/sgd.hpp>

namespace tapestry::optim {

void SgdOptions::check(std::string_view optimizer) const {
  detail::check_option(optimizer, "lr", lr);
  detail::check_option(optimizer, "momentum", momentum);
  detail::check_option(optimizer, "weight_decay", weight_decay);
  if (nesterov && momentum == 0)
    throw ValueError(fmt::format("{}: nesterov takes a momentum above 0, got 0", optimizer));
}

Sgd::Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options) : Sgd({{parameters, options}}) {}

Sgd::Sgd(std::vector<ParameterGroup<SgdOptions>> groups) : GroupedOptimizer("Sgd", std::move(groups)) {}

void Sgd::update(Array parameter, const Array& gradient, const SgdOptions& options, SgdState& state) {
  const Array ordered = gradient.contiguous(parameter.format());
  if (options.momentum != 0 && !state.velocity.defined()) {
    // With v = 0 the first step's momentum · v + g is g itself.
    state.velocity = Array::zeros(parameter.shape(), parameter.dtype(), parameter.format());
  }
  visit_floating("Sgd", parameter.dtype(), [&]<class T>() {
    const auto lr = static_cast<T>(options.lr.get());
    const auto momentum = static_cast<T>(options.momentum);
    const auto decay = static_cast<T>(options.weight_decay);
    const bool nesterov = options.nesterov;
    T* p = parameter.mutable_data<T>();
    T* v = momentum != 0 ? state.velocity.mutable_data<T>() : nullptr;
    const T* g = ordered.data<T>();
    for_ranges(parameter.numel(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        T step = g[i] + decay * p[i];
        if (momentum != 0) {
          v[i] = momentum * v[i] + step;
          step = nesterov ? step + momentum * v[i] : v[i];
        }
        p[i] -= lr * step;
      }
    });
  });
}

}  // namespace tapestry::optim
