// The dense array: shape, element type, memory format and shared memory, without history.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/core/dtype.hpp>
#include <tapestry/core/shape.hpp>
#include <tapestry/core/storage.hpp>

namespace tapestry {

/// The order of the elements in memory. `row_major`: the last axis varies fastest. `channels_last`, for images of shape
/// (N, C, H, W) or (C, H, W): the channel varies fastest, as if the array were (N, H, W, C). The logical shape and all
/// results are the same in both.
enum class MemoryFormat : std::uint8_t { row_major, channels_last };

/// A dense array. Copying an Array copies the handle: both share the same memory. A default-constructed Array is
/// undefined: it has no memory, and access to its elements throws a ValueError.
class Array {
 public:
  Array() = default;

  /// An array with undefined contents. Throws a ShapeError when `format` is channels_last and the rank is not
  /// 3 or 4, and an OutOfMemoryError as every function that makes an array.
  static Array empty(const Shape& shape, DType dtype = DType::f32, MemoryFormat format = MemoryFormat::row_major);
  /// An array of the shape, dtype and format of `like`, with undefined contents.
  static Array empty_like(const Array& like);
  static Array zeros(const Shape& shape, DType dtype = DType::f32, MemoryFormat format = MemoryFormat::row_major);
  static Array full(const Shape& shape, double value, DType dtype = DType::f32,
                    MemoryFormat format = MemoryFormat::row_major);
  /// A row-major copy of `values`, given in row-major order. Throws a ShapeError when their number does not match the
  /// shape.
  template <class T>
  static Array from(const Shape& shape, std::span<const T> values) {
    return from_memory(shape, dtype_of<T>, values.data(), values.size());
  }
  template <class T>
  static Array from(const Shape& shape, const std::vector<T>& values) {
    return from(shape, std::span<const T>(values));
  }
  /// A scalar (rank 0).
  static Array scalar(double value, DType dtype = DType::f32) { return full({}, value, dtype); }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const& { return shape_; }
  Shape shape() const&& { return shape_; }
  int rank() const { return shape_.rank(); }
  /// The size along an axis; negative axes count from the end.
  std::int64_t size(int axis) const { return shape_[axis]; }
  std::int64_t numel() const { return shape_.numel(); }
  std::int64_t bytes() const { return numel() * item_size(dtype_); }
  DType dtype() const { return dtype_; }
  MemoryFormat format() const { return format_; }
  /// The distance in elements between neighbors along each axis.
  std::array<std::int64_t, Shape::max_rank> strides() const;

  /// The elements in the order of `format()`. Throws a DTypeError when T is not the element type.
  template <class T>
  const T* data() const {
    check_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(raw());
  }
  /// The elements for writing. Counts as a change of the memory, which saved values detect.
  template <class T>
  T* mutable_data() {
    check_dtype(dtype_of<T>);
    storage().begin_write();
    return reinterpret_cast<T*>(raw());
  }
  /// The elements in row-major order, copied.
  template <class T>
  std::vector<T> to_vector() const {
    const Array dense = contiguous();
    const T* first = dense.data<T>();
    return std::vector<T>(first, first + numel());
  }
  /// The only element, of any type, as a double. Throws a ShapeError unless there is exactly one.
  double item() const;
  /// The element at an index, of any type, as a double; convenient, but too slow for loops.
  double at(std::initializer_list<std::int64_t> index) const;

  /// The same elements (in row-major order) in another shape; shares the memory when the format allows it. One size may
  /// be −1 and is inferred from the others. Throws a ShapeError when the numbers of elements differ.
  Array reshape(std::span<const std::int64_t> sizes) const;
  Array reshape(std::initializer_list<std::int64_t> sizes) const {
    return reshape(std::span(sizes.begin(), sizes.size()));
  }
  Array reshape(const Shape& shape) const { return reshape(shape.sizes()); }
  /// Elements [begin, end) along the first axis; shares the memory (except for rank 3 in channels_last).
  Array slice(std::int64_t begin, std::int64_t end) const;
  /// This array in another format: itself if it already has that format, otherwise a converted copy.
  Array contiguous(MemoryFormat format = MemoryFormat::row_major) const;
  /// This array with another element type: itself if it has that type, else a converted copy (denormals included).
  Array to(DType dtype) const;
  /// A copy with its own memory.
  Array clone() const;

  void fill(double value);
  /// Overwrites the elements with those of `source`, converting type and format. Throws a ShapeError when the
  /// shapes differ.
  void copy_from(const Array& source);

  /// Counts the changes made to the memory, through this array or any that shares it.
  std::uint64_t version() const { return storage().version(); }
  /// True when no other array shares the memory and it has no observers.
  bool is_unique() const { return storage_.use_count() == 1 && !storage_->is_observed(); }
  bool shares_memory_with(const Array& other) const { return storage_ == other.storage_; }
  /// True when `storage` is the memory.
  bool lies_in(const Storage& storage) const { return storage_.get() == &storage; }
  /// Notifies the observer before the memory is written, through this array or any that shares it, until the observer
  /// is removed or destroyed.
  void add_observer(std::weak_ptr<WriteObserver> observer) const { storage().add_observer(std::move(observer)); }
  void remove_observer(const WriteObserver* observer) const { storage().remove_observer(observer); }

 private:
  friend class WeakArray;
  static Array from_memory(const Shape& shape, DType dtype, const void* values, std::size_t count);
  void check_defined() const {
    if (storage_ == nullptr) throw_undefined();
  }
  Storage& storage() const {
    check_defined();
    return *storage_;
  }
  std::byte* raw() const { return storage().data() + offset_ * item_size(dtype_); }
  void check_dtype(DType wanted) const {
    if (dtype_ != wanted) throw_dtype(wanted);
  }
  [[noreturn]] void throw_dtype(DType wanted) const;
  [[noreturn]] static void throw_undefined();

  Shape shape_;
  DType dtype_ = DType::f32;
  MemoryFormat format_ = MemoryFormat::row_major;
  std::int64_t offset_ = 0;
  std::shared_ptr<Storage> storage_;
};

/// A weak reference: refers to an array without owning its memory.
class WeakArray {
 public:
  WeakArray() = default;
  explicit WeakArray(const Array& array);
  /// The array while another array owns its memory, undefined afterwards.
  Array lock() const;

 private:
  Array without_memory_;
  std::weak_ptr<Storage> storage_;
};

/// "f32[8, 3, 32, 32]"
std::string to_string(const Array& array);

/// Prints the elements in row-major order, regardless of the memory format, as PyTorch does:
///
///     array([[1.0000, 2.5000],
///            [3.0000, 4.0000]])
///
/// Floating-point numbers have four decimals; only a point when all are integers below 1e8; and an exponent when the
/// largest magnitude is at least 1e8 or 1000 times the smallest, or the smallest nonzero magnitude is below 1e-4.
/// Arrays of more than 1000 elements are summarized by the first and last three elements along each axis. The dtype
/// follows unless it is f32 or i64, and the shape if the array is summarized or empty.
std::ostream& operator<<(std::ostream& out, const Array& array);

/// The number of copies into another memory format so far, process-wide. A training step should add very few.
std::int64_t format_conversions();

}  // namespace tapestry
