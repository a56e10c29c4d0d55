#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/nn/layers/drop_connect.hpp>

namespace tapestry::nn {

DropConnectLinear::DropConnectLinear(const Options& options)
    : Linear(options.linear), options_(options), stream_(new_random_stream()) {
  check_dropout_probability("DropConnectLinear", options.p);
}

Tensor DropConnectLinear::forward(const Tensor& x) const {
  if (!is_training()) return Linear::forward(x);
  return linear(x, drop_connect(weight(), options_.p, stream_), bias());
}

DropConnectConv2d::DropConnectConv2d(const Options& options)
    : Conv2d(options.conv), options_(options), stream_(new_random_stream()) {
  check_dropout_probability("DropConnectConv2d", options.p);
}

Tensor DropConnectConv2d::forward(const Tensor& x) const {
  if (!is_training()) return Conv2d::forward(x);
  return conv2d(x, drop_connect(weight(), options_.p, stream_), bias(), options_.conv.operator_options());
}

}  // namespace tapestry::nn
