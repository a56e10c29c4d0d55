#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>

namespace tapestry {
namespace {

struct Square {
  static constexpr std::string_view name = "mse_loss";

  template <class T>
  T value(T x, T t) const {
    return (x - t) * (x - t);
  }
  template <class V>
  V by_input(const V& x, const V& t) const {
    return (x - t) * 2;
  }
  template <class V>
  V by_target(const V& x, const V& t) const {
    return (t - x) * 2;
  }
};

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return detail::pointwise_loss(Square{}, input, target, reduction);
}

}  // namespace tapestry
