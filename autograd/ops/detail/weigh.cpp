#include <tapestry/autograd/ops/detail/weigh.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry::detail {
namespace {

struct Weigh {
  static constexpr std::string_view name = "weigh";
  SavedTensor weights_;

  Array forward(const Tensor& x) const {
    return map_floating(name, x, weights_.array(),
                        [](auto value, auto weight) { return weight == 0 ? weight : value * weight; });
  }
  Tensor backward(const Tensor& gradient) const { return weigh(gradient, weights_.array()); }
};

}  // namespace

Tensor weigh(const Tensor& x, const Array& weights) {
  return record(Weigh{SavedTensor(weights)}, x);
}

}  // namespace tapestry::detail
