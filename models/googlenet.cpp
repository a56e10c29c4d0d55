#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/googlenet.hpp>
#include <tapestry/models/residual_stages.hpp>

namespace tapestry::models {
namespace {

nn::ConvNormRelu2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1) {
  return nn::ConvNormRelu2d({.in_channels = in,
                             .out_channels = out,
                             .kernel_size = kernel,
                             .stride = stride,
                             .padding = kernel / 2,
                             .eps = 0.001});
}

/// Channels in, and the columns of table 1 from "#1×1" to "pool proj".
nn::Inception inception(std::int64_t in, std::int64_t ch1x1, std::int64_t ch3x3red, std::int64_t ch3x3,
                        std::int64_t ch5x5red, std::int64_t ch5x5, std::int64_t pool_proj) {
  return nn::Inception({.in_channels = in,
                        .ch1x1 = ch1x1,
                        .ch3x3red = ch3x3red,
                        .ch3x3 = ch3x3,
                        .ch5x5red = ch5x5red,
                        .ch5x5 = ch5x5,
                        .pool_proj = pool_proj});
}

Tensor halved(const Tensor& x, std::int64_t kernel = 3) {
  return max_pool2d(x, {.kernel_size = kernel, .stride = 2, .ceil_mode = true});
}

Tensor through(const std::vector<nn::Inception*>& stage, Tensor x) {
  for (nn::Inception* block : stage) x = (*block)(x);
  return x;
}

}  // namespace

GoogLeNet::GoogLeNet(const Options& options)
    : options_(options),
      pools_first_(options.images == ImageSize::large),
      conv1_(add("conv1", options.images == ImageSize::small ? conv(3, 64, 3) : conv(3, 64, 7, 2))),
      conv2_(add("conv2", conv(64, 64, 1))),
      conv3_(add("conv3", conv(64, 192, 3))),
      stage3_({&add("inception3a", inception(192, 64, 96, 128, 16, 32, 32)),
               &add("inception3b", inception(256, 128, 128, 192, 32, 96, 64))}),
      stage4_({&add("inception4a", inception(480, 192, 96, 208, 16, 48, 64)),
               &add("inception4b", inception(512, 160, 112, 224, 24, 64, 64)),
               &add("inception4c", inception(512, 128, 128, 256, 24, 64, 64)),
               &add("inception4d", inception(512, 112, 144, 288, 32, 64, 64)),
               &add("inception4e", inception(528, 256, 160, 320, 32, 128, 128))}),
      stage5_({&add("inception5a", inception(832, 256, 160, 320, 32, 128, 128)),
               &add("inception5b", inception(832, 384, 192, 384, 48, 128, 128))}),
      dropout_(add("dropout", nn::Dropout({.p = options.dropout}))),
      fc_(add("fc", nn::Linear({.in_features = 1024, .out_features = options.classes}))) {
  // Not torchvision's normal distribution of deviation 0.01: the first steps would change such small weights entirely.
  detail::fill_convolutions(*this);
}

Tensor GoogLeNet::forward(const Tensor& x) const {
  Tensor y = conv1_(x);
  if (pools_first_) y = halved(y);
  y = halved(conv3_(conv2_(y)));
  y = halved(through(stage3_, y));
  y = halved(through(stage4_, y), 2);
  y = through(stage5_, y);
  return fc_(dropout_(flatten(global_avg_pool2d(y), 1)));
}

}  // namespace tapestry::models
