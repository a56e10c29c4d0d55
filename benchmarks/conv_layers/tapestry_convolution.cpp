#include <tapestry/core/random.hpp>

#include "convolutions.hpp"

namespace tapestry::benchmarks {
namespace {

using kernels::Conv2dAlgorithm;
using kernels::Conv2dGeometry;
using kernels::Conv2dPass;

class TapestryConvolution final : public Convolution {
 public:
  TapestryConvolution(const Conv2dGeometry& geometry, Conv2dPass pass, Conv2dAlgorithm algorithm,
                      const Operands& operands)
      : geometry_(geometry), pass_(pass), algorithm_(algorithm), operands_(operands) {
    const auto bytes = kernels::conv2d_workspace<float>(geometry, pass, algorithm);
    workspace_ = Array::empty({static_cast<std::int64_t>(bytes)}, DType::u8);
    Array& replaced = pass == Conv2dPass::forward          ? operands_.dy
                      : pass == Conv2dPass::input_gradient ? operands_.x
                                                           : operands_.weight;
    replaced = result_ = Array::empty_like(replaced);
  }

  void run() override {
    float* const result = result_.mutable_data<float>();
    void* const workspace = workspace_.mutable_data<std::uint8_t>();
    const float* const x = operands_.x.data<float>();
    const float* const weight = operands_.weight.data<float>();
    const float* const dy = operands_.dy.data<float>();
    switch (pass_) {
      case Conv2dPass::forward:
        return conv2d_forward<float>(geometry_, algorithm_, x, weight, nullptr, result, workspace);
      case Conv2dPass::input_gradient:
        return conv2d_input_gradient<float>(geometry_, algorithm_, dy, weight, nullptr, result, workspace);
      case Conv2dPass::weight_gradient:
        return conv2d_weight_gradient<float>(geometry_, algorithm_, x, dy, result, workspace);
    }
  }

  Array result() const override { return result_; }

 private:
  Conv2dGeometry geometry_;
  Conv2dPass pass_;
  Conv2dAlgorithm algorithm_;
  Operands operands_;
  Array result_, workspace_;
};

}  // namespace

Operands random_operands(const Conv2dGeometry& g) {
  RandomStream random = new_random_stream();
  const auto images = [&](const Shape& shape) { return random.normal(shape).contiguous(MemoryFormat::channels_last); };
  return {.x = images({g.batch, g.in_channels, g.in_height, g.in_width}),
          .weight = random.normal({g.out_channels, g.in_channels / g.groups, g.kernel_height, g.kernel_width}),
          .dy = images({g.batch, g.out_channels, g.out_height, g.out_width})};
}

std::unique_ptr<Convolution> tapestry_convolution(const Conv2dGeometry& geometry, Conv2dPass pass,
                                                  Conv2dAlgorithm algorithm, const Operands& operands) {
  return std::make_unique<TapestryConvolution>(geometry, pass, algorithm, operands);
}

}  // namespace tapestry::benchmarks
