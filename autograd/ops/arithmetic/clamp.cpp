#include <limits>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/piecewise_linear.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct Clamp {
  static constexpr std::string_view name = "clamp";
  static constexpr std::string_view gradient_name = "clamp_gradient";
  double min_, max_;

  template <class T>
  T value(T x) const {
    const T low = static_cast<T>(min_);
    const T high = static_cast<T>(max_);
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
  template <class T>
  T gradient(T g, T x) const {
    return ((x >= static_cast<T>(min_)) & (x <= static_cast<T>(max_))) ? g : T{0};
  }
};

}  // namespace

Tensor clamp(const Tensor& x, std::optional<double> min, std::optional<double> max) {
  if (!min && !max) throw ValueError("clamp: expected a min or a max, got neither");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return detail::record_pieces(Clamp{.min_ = min.value_or(-infinity), .max_ = max.value_or(infinity)}, x);
}

}  // namespace tapestry
