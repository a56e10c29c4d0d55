// What the residual networks share.
#pragma once

#include <cstdint>

#include <tapestry/nn/sequential.hpp>

namespace tapestry::models::detail {

/// Basic blocks one after the other, the first of which changes channels and size.
nn::Sequential basic_stage(std::int64_t in_channels, std::int64_t out_channels, std::int64_t blocks,
                           std::int64_t stride);

/// Overwrites the weights of all convolutions within a module (He et al., "Delving deep into rectifiers", 2015, with
/// the fan of the outputs).
void fill_convolutions(nn::ModuleBase& module);

}  // namespace tapestry::models::detail
