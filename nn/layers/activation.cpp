#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/activation.hpp>

namespace tapestry::nn {
namespace {

Array first_weight(const PReLU::Options& options) {
  if (options.num_parameters < 1) {
    throw ValueError(fmt::format("PReLU: num_parameters must be at least 1, got {}", options.num_parameters));
  }
  return Array::full({options.num_parameters}, options.init);
}

}  // namespace

PReLU::PReLU(const Options& options) : options_(options), weight_(add_parameter("weight", first_weight(options))) {}

}  // namespace tapestry::nn
