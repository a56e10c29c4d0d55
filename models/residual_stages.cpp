#include <tapestry/models/residual_stages.hpp>
#include <tapestry/nn/basic_block.hpp>
#include <tapestry/nn/conv2d.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::models::detail {

nn::Sequential basic_stage(std::int64_t in_channels, std::int64_t out_channels, std::int64_t blocks,
                           std::int64_t stride) {
  nn::Sequential result;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const bool is_first = block == 0;
    result.append(nn::BasicBlock({.in_channels = is_first ? in_channels : out_channels,
                                  .out_channels = out_channels,
                                  .stride = is_first ? stride : 1}));
  }
  return result;
}

void fill_convolutions(nn::ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) {
    if (const auto* conv = dynamic_cast<nn::Conv2d*>(child)) {
      nn::init::kaiming_normal(conv->weight(), nn::init::FanMode::fan_out);
    }
  }
}

}  // namespace tapestry::models::detail
