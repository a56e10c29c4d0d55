// Memory for gradients that are computed element by element.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::detail {

struct GradientTarget {
  Array dy;  ///< the gradient that came in, channels-last
  Array dx;  ///< where to write one of its shape: over dy where nothing else sees it, else in new memory
};

inline GradientTarget gradient_target(const Array& gradient) {
  constexpr auto format = MemoryFormat::channels_last;
  const bool is_unique = gradient.is_unique();
  const Array dy = gradient.contiguous(format);
  const bool may_overwrite = is_unique || !dy.shares_memory_with(gradient);
  return {.dy = dy, .dx = may_overwrite ? dy : Array::empty(dy.shape(), dy.dtype(), format)};
}

}  // namespace tapestry::detail
