#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/nn/blocks/squeeze_excite.hpp>

namespace tapestry::nn {

Tensor SqueezeExcite::forward(const Tensor& x) const {
  return x * sigmoid(fc2_(relu(fc1_(global_avg_pool2d(x)))));
}

}  // namespace tapestry::nn
