#include <tapestry/models/residual_stages.hpp>
#include <tapestry/nn/basic_block.hpp>
#include <tapestry/nn/batch_norm_add_relu2d.hpp>
#include <tapestry/nn/bottleneck.hpp>
#include <tapestry/nn/conv2d.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::models::detail {

void fill_convolutions(nn::ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) {
    if (const auto* conv = dynamic_cast<nn::Conv2d*>(child)) {
      nn::init::kaiming_normal(conv->weight(), nn::init::FanMode::fan_out);
    }
  }
}

void zero_init_residual(nn::ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) {
    const bool is_basic = dynamic_cast<nn::BasicBlock*>(child) != nullptr;
    if (!is_basic && dynamic_cast<nn::Bottleneck*>(child) == nullptr) continue;
    nn::init::constant(child->get_submodule<nn::BatchNormAddRelu2d>(is_basic ? "bn2" : "bn3").weight(), 0);
  }
}

}  // namespace tapestry::models::detail
