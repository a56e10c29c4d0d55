#include <fmt/format.h>

#include <tapestry/core/dtype.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

void throw_not_floating(std::string_view operation, DType dtype) {
  throw DTypeError(fmt::format("{}: expected f32 or f64, got {}", operation, to_string(dtype)));
}

}  // namespace tapestry
