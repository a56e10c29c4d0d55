#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/nn/layers/dropout.hpp>

namespace tapestry::nn {

Dropout::Dropout(const Options& options) : p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("Dropout", p_);
}

Tensor Dropout::forward(const Tensor& x) const {
  return is_training() ? dropout(x, p_, stream_) : x;
}

Dropout2d::Dropout2d(const Options& options) : p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("Dropout2d", p_);
}

Tensor Dropout2d::forward(const Tensor& x) const {
  return is_training() ? dropout2d(x, p_, stream_) : x;
}

DropBlock2d::DropBlock2d(const Options& options)
    : p_(options.p), block_size_(options.block_size), stream_(new_random_stream()) {
  check_dropout_probability("DropBlock2d", p_);
  check_positive("DropBlock2d", "block_size", block_size_);
}

Tensor DropBlock2d::forward(const Tensor& x) const {
  return is_training() ? drop_block2d(x, p_, block_size_, stream_) : x;
}

StochasticDepth::StochasticDepth(const Options& options)
    : p_(options.p), mode_(options.mode), stream_(new_random_stream()) {
  check_dropout_probability("StochasticDepth", p_);
}

Tensor StochasticDepth::forward(const Tensor& x) const {
  return is_training() ? stochastic_depth(x, p_, stream_, mode_) : x;
}

AlphaDropout::AlphaDropout(const Options& options) : p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("AlphaDropout", p_);
}

Tensor AlphaDropout::forward(const Tensor& x) const {
  return is_training() ? alpha_dropout(x, p_, stream_) : x;
}

}  // namespace tapestry::nn
