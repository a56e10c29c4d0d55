#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/nn/layers/drop_connect.hpp>

namespace tapestry::nn {

DropConnectLinear::DropConnectLinear(const Options& options)
    : Linear(options.linear), p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("DropConnectLinear", p_);
}

Tensor DropConnectLinear::forward(const Tensor& x) const {
  return is_training() ? linear(x, drop_connect(weight(), p_, stream_), bias()) : Linear::forward(x);
}

DropConnectConv2d::DropConnectConv2d(const Options& options)
    : Conv2d(options.conv), p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("DropConnectConv2d", p_);
}

Tensor DropConnectConv2d::forward(const Tensor& x) const {
  return is_training() ? forward_with(drop_connect(weight(), p_, stream_), x) : Conv2d::forward(x);
}

}  // namespace tapestry::nn
