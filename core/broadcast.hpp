// How two arrays are walked side by side under broadcasting.
#pragma once

#include <string_view>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry {

/// The walk over a result of `shape` and `format`, in its memory order, and over operands `a` and `b` that broadcast to
/// it: a nest of loops, outermost first, neighbours merged where all three run on evenly.
struct BroadcastPlan {
  struct Loop {
    std::int64_t size;
    std::int64_t stride_a;
    std::int64_t stride_b;
  };

  /// Throws a ShapeError naming `operation` when the shapes do not broadcast.
  BroadcastPlan(const Array& a, const Array& b, std::string_view operation);
  /// One operand, which broadcasts to the shape; it stands for `b` too.
  BroadcastPlan(const Array& a, const Shape& shape, MemoryFormat format);

  Shape shape;
  MemoryFormat format;
  /// The operands; converted to `format` where they have the result's shape.
  Array a, b;
  std::vector<Loop> outer;
  Loop inner{1, 0, 0};

 private:
  void plan_loops();
};

}  // namespace tapestry
