// Loops over two arrays under broadcasting.
#pragma once

#include <string_view>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry {

/// A loop nest over a result of `shape` and `format`, in its memory order, and over operands `a` and `b` that broadcast
/// to it: outermost loop first, with adjacent loops merged where all three are contiguous.
struct BroadcastPlan {
  struct Loop {
    std::int64_t size;
    std::int64_t stride_a;
    std::int64_t stride_b;
  };

  /// Throws a ShapeError naming `operation` when the shapes do not broadcast.
  BroadcastPlan(const Array& a, const Array& b, std::string_view operation);
  /// One operand, which broadcasts to the shape and is used as `b` too.
  BroadcastPlan(const Array& a, const Shape& shape, MemoryFormat format);

  Shape shape;
  MemoryFormat format;
  /// The operands, converted to `format` if they have the shape of the result.
  Array a, b;
  std::vector<Loop> outer;
  Loop inner{1, 0, 0};

 private:
  void plan_loops();
};

}  // namespace tapestry
