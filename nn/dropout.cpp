#include <tapestry/nn/dropout.hpp>

namespace tapestry::nn {

Dropout::Dropout(const Options& options) : p_(options.p), stream_(new_random_stream()) {
  check_dropout_probability("Dropout", p_);
}

Tensor Dropout::forward(const Tensor& x) {
  return is_training() ? dropout(x, p_, stream_) : x;
}

}  // namespace tapestry::nn
