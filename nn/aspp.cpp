#include <tapestry/autograd/ops/resampling.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/nn/aspp.hpp>
#include <tapestry/nn/batch_norm_relu2d.hpp>
#include <tapestry/nn/conv2d.hpp>
#include <tapestry/nn/pooling.hpp>

namespace tapestry::nn {
namespace {

Conv2d conv1x1(std::int64_t in, std::int64_t out) {
  return Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 1, .bias = false});
}

BatchNormRelu2d norm(std::int64_t channels) {
  return BatchNormRelu2d({.num_features = channels});
}

}  // namespace

class ASPP::Branches : public Module {
 public:
  explicit Branches(const Options& options) {
    const std::int64_t in = options.in_channels;
    const std::int64_t out = options.out_channels;
    append(Sequential(conv1x1(in, out), norm(out)));
    for (const std::int64_t rate : options.rates) {
      append(Sequential(Conv2d({.in_channels = in,
                                .out_channels = out,
                                .kernel_size = 3,
                                .padding = rate,
                                .dilation = rate,
                                .bias = false}),
                        norm(out)));
    }
    append(Sequential(GlobalAvgPool2d(), conv1x1(in, out), norm(out)));
  }

  Tensor forward(const Tensor& x) override {
    std::vector<Tensor> seen;
    for (Sequential* branch : branches_) seen.push_back((*branch)(x));
    seen.back() = expand(seen.back(), {x.size(0), seen.back().size(1), x.size(2), x.size(3)});
    return cat(seen, 1);
  }

 private:
  void append(Sequential branch) { branches_.push_back(&add(std::to_string(branches_.size()), std::move(branch))); }

  std::vector<Sequential*> branches_;
};

ASPP::ASPP(const Options& options)
    : convs_(add("convs", Branches(options))),
      project_(add("project",
                   Sequential(conv1x1(options.out_channels * (static_cast<std::int64_t>(options.rates.size()) + 2),
                                      options.out_channels),
                              norm(options.out_channels), Dropout({.p = options.dropout})))) {}

Tensor ASPP::forward(const Tensor& x) {
  return project_(convs_(x));
}

}  // namespace tapestry::nn
