#include <fmt/format.h>

#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/residual_stages.hpp>
#include <tapestry/models/unet.hpp>
#include <tapestry/nn/batch_norm_relu2d.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d conv3x3(std::int64_t in, std::int64_t out) {
  return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1, .bias = false});
}

/// Two convolutions, each with batch norm and ReLU; named as if the ReLUs were layers of their own.
class TwoConvolutions : public nn::Module {
 public:
  TwoConvolutions(std::int64_t in, std::int64_t out)
      : conv1_(add("0", conv3x3(in, out))),
        norm1_(add("1", nn::BatchNormRelu2d({.num_features = out}))),
        conv2_(add("3", conv3x3(out, out))),
        norm2_(add("4", nn::BatchNormRelu2d({.num_features = out}))) {}

  Tensor forward(const Tensor& x) override {
    Tensor y = norm1_(conv1_(x));
    y = conv2_(y);  // a statement of its own: then the first half is gone when the norm needs memory
    return norm2_(y);
  }

 private:
  nn::Conv2d& conv1_;
  nn::BatchNormRelu2d& norm1_;
  nn::Conv2d& conv2_;
  nn::BatchNormRelu2d& norm2_;
};

}  // namespace

UNet::UNet(const Options& options) {
  if (options.depth < 1) throw ValueError(fmt::format("UNet: depth must be at least 1, got {}", options.depth));
  std::int64_t in = options.in_channels;
  std::int64_t channels = options.base_channels;
  for (std::int64_t i = 0; i < options.depth; ++i, in = channels, channels *= 2) {
    down_.push_back(&add(fmt::format("down{}", i), TwoConvolutions(in, channels)));
  }
  middle_ = &add("middle", TwoConvolutions(in, channels));
  for (std::int64_t i = options.depth - 1; i >= 0; --i, channels /= 2) {
    enlarge_.push_back(&add(
        fmt::format("enlarge{}", i),
        nn::ConvTranspose2d({.in_channels = channels, .out_channels = channels / 2, .kernel_size = 2, .stride = 2})));
    up_.push_back(&add(fmt::format("up{}", i), TwoConvolutions(channels, channels / 2)));
  }
  head_ = &add("head", nn::Conv2d({.in_channels = channels, .out_channels = options.classes, .kernel_size = 1}));
  detail::fill_convolutions(*this);
}

Tensor UNet::forward(const Tensor& x) {
  const std::int64_t factor = std::int64_t{1} << down_.size();
  if (x.rank() == 4 && (x.size(2) % factor != 0 || x.size(3) % factor != 0)) {
    throw ShapeError(
        fmt::format("UNet: both sides of images must be multiples of {}, got {}", factor, to_string(x.shape())));
  }
  std::vector<Tensor> skipped;
  Tensor y = x;
  for (nn::Module* stage : down_) {
    skipped.push_back((*stage)(y));
    y = max_pool2d(skipped.back(), {.kernel_size = 2});
  }
  y = (*middle_)(y);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    y = (*up_[i])(cat({skipped[skipped.size() - 1 - i], (*enlarge_[i])(y)}, 1));
  }
  return (*head_)(y);
}

}  // namespace tapestry::models
