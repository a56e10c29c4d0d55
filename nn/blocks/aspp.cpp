#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/nn/blocks/aspp.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/pooling.hpp>

namespace tapestry::nn {
namespace {

ModuleList<Sequential> branches(const ASPP::Options& options) {
  const std::int64_t in = options.in_channels, out = options.out_channels;
  ModuleList<Sequential> result;
  result.append(conv_norm_activation(conv1x1(in, out), ReLU()));
  for (const std::int64_t rate : options.rates) {
    result.append(conv_norm_activation(conv3x3(in, out, 1, 1, rate), ReLU()));
  }
  result.append(sequential({GlobalAvgPool2d(), conv1x1(in, out), BatchNorm2d({.num_features = out}), ReLU()}));
  return result;
}

}  // namespace

ASPP::ASPP(const Options& options)
    : options_(options),
      convs_(add("convs", branches(options))),
      project_(add("project", sequential({conv1x1(options.out_channels * std::ssize(convs_), options.out_channels),
                                          BatchNorm2d({.num_features = options.out_channels}), ReLU(),
                                          Dropout({.p = options.dropout})}))) {}

Tensor ASPP::forward(const Tensor& x) const {
  std::vector<Tensor> outputs;
  for (Sequential* branch : convs_) outputs.push_back((*branch)(x));
  outputs.back() = expand(outputs.back(), {x.size(0), outputs.back().size(1), x.size(2), x.size(3)});
  return project_(cat(outputs, 1));
}

}  // namespace tapestry::nn
