// The axes that an operator works along.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include <tapestry/core/required.hpp>

namespace tapestry {

/// One axis, several in braces, or none; negative axes count from the end. `sum(x, 1)` and `sum(x, {0, 2})` both
/// compile.
class Axes {
 public:
  Axes() = default;
  Axes(Integer auto axis) : axes_{static_cast<int>(axis)} {}  // NOLINT: implicit by design
  Axes(std::initializer_list<int> axes) : axes_(axes) {}      // NOLINT
  Axes(std::vector<int> axes) : axes_(std::move(axes)) {}     // NOLINT

  bool empty() const { return axes_.empty(); }
  /// As given.
  const std::vector<int>& list() const& { return axes_; }
  std::vector<int> list() && { return std::move(axes_); }

 private:
  std::vector<int> axes_;
};

}  // namespace tapestry
