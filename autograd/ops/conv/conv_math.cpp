#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

ConvMath math_of_environment() {
  const char* const variable = std::getenv("TAPESTRY_CONV");
  const std::string_view value = variable == nullptr ? "fast" : variable;
  if (value != "fast" && value != "exact") {
    throw ValueError(fmt::format("TAPESTRY_CONV must be fast or exact, got \"{}\"", value));
  }
  return value == "exact" ? ConvMath::exact : ConvMath::fast;
}

ConvMath& mode() {
  thread_local ConvMath math = math_of_environment();
  return math;
}

}  // namespace

ConvMath conv_math() {
  return mode();
}

ConvMathGuard::ConvMathGuard(ConvMath math) : before_(mode()) {
  mode() = math;
}

ConvMathGuard::~ConvMathGuard() {
  mode() = before_;
}

}  // namespace tapestry
