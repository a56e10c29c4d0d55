#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/detail/conv_channels.hpp>

namespace tapestry::nn::detail {

void check_conv_channels(std::string_view layer, std::int64_t in, std::int64_t out, std::int64_t groups) {
  if (in < 1 || out < 1) throw ValueError(fmt::format("{}: channels must be at least 1, got {} → {}", layer, in, out));
  if (in % groups != 0 || out % groups != 0) {
    throw ValueError(fmt::format("{}: groups {} must divide both channel counts, got {} → {}", layer, groups, in, out));
  }
}

}  // namespace tapestry::nn::detail
