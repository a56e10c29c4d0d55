#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& [name, child] : children()) y = (*child)(y);
  return y;
}

}  // namespace tapestry::nn
