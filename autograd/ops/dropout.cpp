#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/dropout.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

/// Linear in x and its own adjoint: backward draws the same mask again rather than keeping it.
struct Dropout {
  static constexpr std::string_view name = "dropout";
  double p_;
  RandomStream stream_;

  Array forward(const Tensor& x) const {
    RandomStream stream = stream_;
    // 24 random bits: keeping when the draw is at least p makes p = 1 drop everything and p = 0 nothing.
    const Array draws = stream.uniform(x.shape());
    const auto scale = p_ < 1 ? 1 / (1 - p_) : 0;
    return visit_floating(name, x.dtype(), [&]<class T>() {
      const auto threshold = static_cast<T>(p_);
      const auto factor = static_cast<T>(scale);
      return map<T>(x.array(), draws.to(x.dtype()), name,
                    [=](T value, T draw) { return draw >= threshold ? value * factor : T{0}; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return record(Dropout{*this}, gradient); }
};

}  // namespace

void check_dropout_probability(std::string_view operation, double p) {
  if (!(p >= 0 && p <= 1)) throw ValueError(fmt::format("{}: p must be in [0, 1], got {}", operation, p));
}

Tensor dropout(const Tensor& x, double p, RandomStream& stream) {
  check_dropout_probability(Dropout::name, p);
  if (!is_floating(x.dtype())) throw_not_floating(Dropout::name, x.dtype());
  const Dropout operation = {.p_ = p, .stream_ = stream};
  ++stream.step;
  return p == 0 ? x : record(operation, x);
}

}  // namespace tapestry
