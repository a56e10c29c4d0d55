#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/nn/blocks/basic_block.hpp>
#include <tapestry/nn/blocks/bottleneck.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models::detail {

void fill_convolutions(nn::ModuleBase& module, nn::init::FanMode mode, double gain) {
  for (const auto& [name, child] : module.named_modules()) {
    if (const auto* conv = dynamic_cast<nn::Conv2d*>(child)) {
      nn::init::kaiming_normal(conv->weight(), mode, gain);
    }
  }
}

void zero_init_residual(nn::ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) {
    const bool is_bottleneck = dynamic_cast<nn::Bottleneck*>(child) != nullptr;
    if (!is_bottleneck && dynamic_cast<nn::BasicBlock*>(child) == nullptr) continue;
    for (const auto& [norm, weight] : child->named_parameters()) {
      if (norm == (is_bottleneck ? "bn3.weight" : "bn2.weight")) nn::init::constant(weight, 0);
      if (is_bottleneck && norm == "downsample.1.weight") nn::init::constant(weight, 0.5);
    }
  }
}

}  // namespace tapestry::models::detail
