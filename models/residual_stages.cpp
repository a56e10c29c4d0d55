#include <tapestry/models/residual_stages.hpp>
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

}  // namespace tapestry::models::detail
