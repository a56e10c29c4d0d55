#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (Module* step : steps_) y = (*step)(y);
  return y;
}

}  // namespace tapestry::nn
