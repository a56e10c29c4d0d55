#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

Tensor expand(const Tensor& x, const std::vector<std::int64_t>& sizes) {
  const auto added = static_cast<int>(sizes.size()) - x.rank();
  std::vector<std::int64_t> wanted = sizes;
  bool fits = added >= 0;
  for (int i = 0; fits && i < static_cast<int>(sizes.size()); ++i) {
    std::int64_t& size = wanted[static_cast<std::size_t>(i)];
    if (i < added) {
      fits = size >= 0;
      continue;
    }
    const std::int64_t own = x.size(i - added);
    if (size == -1) size = own;
    fits = size >= 0 && (own == 1 || own == size);
  }
  if (!fits)
    throw ShapeError(
        fmt::format("expand: {} cannot be expanded to [{}]", to_string(x.shape()), fmt::join(sizes, ", ")));
  return broadcast_to(x, Shape(wanted));
}

}  // namespace tapestry
