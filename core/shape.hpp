// The sizes of an array along its axes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace tapestry {

/// Sizes along up to eight axes, outermost first; rank 0 is the shape of a scalar.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  /// Throws a ShapeError when there are more than eight sizes, one is negative, or their product overflows int64 (zeros
  /// are skipped, because they would hide an overflow of the strides).
  Shape(std::initializer_list<std::int64_t> sizes);
  explicit Shape(std::span<const std::int64_t> sizes);

  int rank() const { return rank_; }
  /// The size along an axis; negative axes count from the end. Throws a ShapeError when there is no such
  /// axis.
  std::int64_t operator[](int axis) const { return sizes_[static_cast<std::size_t>(checked_axis(axis))]; }
  /// The number of elements: the product of the sizes.
  std::int64_t numel() const { return numel_; }
  /// `axis` counted from the front. Throws a ShapeError when there is no such axis.
  int checked_axis(int axis) const;
  /// This shape with another size along one axis.
  Shape with(int axis, std::int64_t size) const;

  /// Not for temporaries, such as the shape of a call's result: the pointers would dangle.
  const std::int64_t* begin() const& { return sizes_.data(); }
  const std::int64_t* end() const& { return sizes_.data() + rank_; }
  std::span<const std::int64_t> sizes() const& { return {begin(), end()}; }
  void begin() const&& = delete;
  void end() const&& = delete;
  void sizes() const&& = delete;

  friend bool operator==(const Shape& a, const Shape& b) { return a.rank_ == b.rank_ && a.sizes_ == b.sizes_; }

 private:
  std::array<std::int64_t, max_rank> sizes_{};
  int rank_ = 0;
  std::int64_t numel_ = 1;
};

/// "[8, 3, 32, 32]"
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The shape that two shapes broadcast to, by NumPy's rule. Throws a ShapeError that names `operation`.
Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view operation);

}  // namespace tapestry
