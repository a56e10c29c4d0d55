#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/googlenet.hpp>

namespace tapestry::models {
namespace {

Tensor halved(const Tensor& x, std::int64_t kernel = 3) {
  return max_pool2d(x, {.kernel_size = kernel, .stride = 2, .ceil_mode = true});
}

}  // namespace

GoogLeNet::GoogLeNet(const Options& options) : options_(options) {
  // Not torchvision's normal distribution with standard deviation 0.01: the first steps would overwrite such small
  // weights.
  detail::fill_convolutions(*this);
}

Tensor GoogLeNet::forward(const Tensor& x) const {
  Tensor y = conv1_(x);
  if (options_.images == ImageSize::large) y = halved(y);
  y = halved(conv3_(conv2_(y)));
  y = halved(inception3b_(inception3a_(y)));
  y = inception4c_(inception4b_(inception4a_(y)));
  y = halved(inception4e_(inception4d_(y)), 2);
  y = inception5b_(inception5a_(y));
  return fc_(dropout_(flatten(global_avg_pool2d(y), 1)));
}

}  // namespace tapestry::models
