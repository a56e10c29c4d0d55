// split and chunk: slices along an axis.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

std::vector<Tensor> split(const Tensor& x, std::int64_t size, int axis) {
  const std::int64_t whole = x.size(axis);
  if (size < 1) throw ValueError(fmt::format("split: the size of a part must be at least 1, got {}", size));
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(whole / size), size);
  if (whole % size != 0 || whole == 0) sizes.push_back(whole % size);
  return split(x, sizes, axis);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, int axis) {
  // The remainder of the axis, because a sum of large sizes could overflow.
  std::int64_t left = x.size(axis);
  const bool fit = std::all_of(sizes.begin(), sizes.end(), [&](std::int64_t size) {
    if (size < 0 || size > left) return false;
    left -= size;
    return true;
  });
  if (!fit || left != 0) {
    throw ShapeError(fmt::format("split: expected non-negative sizes with the sum {}, axis {} of {}, got [{}]",
                                 x.size(axis), axis, to_string(x.shape()), fmt::join(sizes, ", ")));
  }
  std::vector<Tensor> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(slice(x, axis, begin, begin + size));
    begin += size;
  }
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int axis) {
  if (chunks < 1) throw ValueError(fmt::format("chunk: expected at least 1 chunk, got {}", chunks));
  const std::int64_t whole = x.size(axis);
  if (whole == 0) return split(x, std::vector<std::int64_t>(static_cast<std::size_t>(chunks), 0), axis);
  return split(x, 1 + (whole - 1) / chunks, axis);
}

}  // namespace tapestry
