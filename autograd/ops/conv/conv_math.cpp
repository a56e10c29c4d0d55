#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

ConvMath math_from_environment() {
  const char* const variable = std::getenv("TAPESTRY_CONV");
  const std::string_view value = variable == nullptr ? "fast" : variable;
  if (value != "fast" && value != "exact") {
    throw ValueError(fmt::format("TAPESTRY_CONV must be fast or exact, got \"{}\"", value));
  }
  return value == "exact" ? ConvMath::exact : ConvMath::fast;
}

}  // namespace

ConvMath& detail::conv_math_mode() {
  thread_local ConvMath math = math_from_environment();
  return math;
}

ConvMath conv_math() {
  return detail::conv_math_mode();
}

}  // namespace tapestry
