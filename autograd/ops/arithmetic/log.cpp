#include <cmath>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/flushed.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Log {
  static constexpr std::string_view name = "log";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_floating(name, x, [](auto value) { return std::log(detail::flushed(value)); });
  }

  Tensor backward(const Tensor& gradient) const { return gradient / x_.tensor(); }
};

}  // namespace

Tensor log(const Tensor& x) {
  return record(Log{}, x);
}

}  // namespace tapestry
