#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/linalg/transpose.hpp>
#include <tapestry/kernels/runtime/denormals.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

constexpr std::int64_t copy_grain = std::int64_t{1} << 16;

std::atomic<std::int64_t>& conversion_count() {
  static std::atomic<std::int64_t> count = 0;
  return count;
}

/// The axis of the channels in an image of rank 3 or 4.
int channel_axis(const Shape& shape) {
  return shape.rank() - 3;
}

/// True when the order of the elements is the same in both formats.
bool formats_coincide(const Shape& shape) {
  if (shape.rank() != 3 && shape.rank() != 4) return true;
  return shape.numel() == 0 || shape[channel_axis(shape)] == 1 || (shape[-1] == 1 && shape[-2] == 1);
}

/// True when the two shapes differ only by axes of size 1 and have the same element order in channels-last memory.
bool channels_last_alike(const Shape& a, const Shape& b) {
  const auto longer_axes = [](const Shape& shape) {
    std::vector<std::int64_t> sizes(shape.begin(), shape.end());
    std::erase(sizes, 1);
    return sizes;
  };
  const auto place_of_channels = [](const Shape& shape) {
    const std::int64_t* channels = shape.begin() + channel_axis(shape);
    return std::pair((channels - shape.begin()) - std::count(shape.begin(), channels, 1), *channels);
  };
  return (b.rank() == 3 || b.rank() == 4) && longer_axes(a) == longer_axes(b) &&
         place_of_channels(a) == place_of_channels(b);
}

}  // namespace

Array Array::empty(const Shape& shape, DType dtype, MemoryFormat format) {
  if (format == MemoryFormat::channels_last && shape.rank() != 3 && shape.rank() != 4) {
    throw ShapeError(fmt::format("array: channels_last requires rank 3 or 4, got {}", to_string(shape)));
  }
  if (std::int64_t bytes = 0; __builtin_mul_overflow(shape.numel(), item_size(dtype), &bytes)) {
    throw ShapeError(fmt::format("array: the bytes of {}{} overflow int64", to_string(dtype), to_string(shape)));
  }
  Array array;
  array.shape_ = shape;
  array.dtype_ = dtype;
  array.format_ = format;
  try {
    array.storage_ = std::make_shared<Storage>(static_cast<std::size_t>(array.bytes()));
  } catch (const std::bad_alloc& error) {
    detail::throw_out_of_memory(fmt::format("array {}{}", to_string(dtype), to_string(shape)), error);
  }
  return array;
}

Array Array::empty_like(const Array& like) {
  like.check_defined();
  return empty(like.shape(), like.dtype(), like.format());
}

Array Array::zeros(const Shape& shape, DType dtype, MemoryFormat format) {
  return full(shape, 0, dtype, format);
}

Array Array::full(const Shape& shape, double value, DType dtype, MemoryFormat format) {
  Array array = empty(shape, dtype, format);
  array.fill(value);
  return array;
}

Array Array::from_memory(const Shape& shape, DType dtype, const void* values, std::size_t count) {
  if (shape.numel() != static_cast<std::int64_t>(count)) {
    throw ShapeError(fmt::format("array: {} has {} elements, got {} values", to_string(shape), shape.numel(), count));
  }
  Array array = empty(shape, dtype);
  if (count > 0) std::memcpy(array.raw(), values, static_cast<std::size_t>(array.bytes()));
  return array;
}

std::array<std::int64_t, Shape::max_rank> Array::strides() const {
  std::array<std::int64_t, Shape::max_rank> strides{};
  std::int64_t stride = 1;
  const auto place = [&](int axis) {
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= shape_[axis];
  };
  const int channels = format_ == MemoryFormat::channels_last ? channel_axis(shape_) : -1;
  if (channels >= 0) place(channels);
  for (int axis = rank() - 1; axis >= 0; --axis) {
    if (axis != channels) place(axis);
  }
  return strides;
}

double Array::item() const {
  if (numel() != 1) throw ShapeError(fmt::format("item: expected exactly one element, got {}", to_string(shape_)));
  return visit_dtype(dtype_, [&]<class T>() { return static_cast<double>(*data<T>()); });
}

double Array::at(std::initializer_list<std::int64_t> index) const {
  check_defined();
  if (static_cast<int>(index.size()) != rank()) {
    throw ShapeError(fmt::format("at: got {} indices for {}", index.size(), to_string(shape_)));
  }
  const auto step = strides();
  std::int64_t position = 0;
  int axis = 0;
  for (const std::int64_t i : index) {
    if (i < 0 || i >= shape_[axis]) {
      throw ShapeError(fmt::format("at: index {} at axis {} is outside {}", i, axis, to_string(shape_)));
    }
    position += i * step[static_cast<std::size_t>(axis++)];
  }
  return visit_dtype(dtype_, [&]<class T>() { return static_cast<double>(data<T>()[position]); });
}

Array Array::reshape(std::span<const std::int64_t> sizes) const {
  check_defined();
  std::vector<std::int64_t> resolved(sizes.begin(), sizes.end());
  const auto inferred = std::find(resolved.begin(), resolved.end(), -1);
  if (inferred != resolved.end()) {
    if (std::find(inferred + 1, resolved.end(), -1) != resolved.end()) {
      throw ShapeError(fmt::format("reshape: only one size may be -1, got [{}]", fmt::join(sizes, ", ")));
    }
    *inferred = 1;
    const std::int64_t rest = Shape(resolved).numel();
    *inferred = rest == 0 ? 0 : numel() / rest;
  }
  const Shape shape(resolved);
  if (shape.numel() != numel()) {
    throw ShapeError(fmt::format("reshape: cannot reshape {} with {} elements to [{}]", to_string(shape_), numel(),
                                 fmt::join(sizes, ", ")));
  }
  if (shape == shape_) return *this;
  const bool keeps_format = format_ == MemoryFormat::channels_last && channels_last_alike(shape_, shape);
  Array result = keeps_format ? *this : contiguous();
  result.shape_ = shape;
  return result;
}

Array Array::slice(std::int64_t begin, std::int64_t end) const {
  check_defined();
  if (rank() == 0 || begin < 0 || begin > end || end > size(0)) {
    throw ShapeError(
        fmt::format("slice: [{}, {}) is out of range for the first axis of {}", begin, end, to_string(shape_)));
  }
  Array result = rank() == 3 ? contiguous() : *this;
  result.shape_ = shape_.with(0, end - begin);
  result.offset_ += size(0) == 0 ? 0 : begin * (numel() / size(0));
  return result;
}

Array Array::contiguous(MemoryFormat format) const {
  check_defined();
  if (format == format_) return *this;
  if (formats_coincide(shape_)) {
    if (format == MemoryFormat::channels_last && rank() != 3 && rank() != 4) return empty(shape_, dtype_, format);
    Array result = *this;
    result.format_ = format;
    return result;
  }
  ++conversion_count();
  Array result = empty(shape_, dtype_, format);
  const std::int64_t channels = shape_[channel_axis(shape_)];
  const std::int64_t pixels = shape_[-1] * shape_[-2];
  const std::int64_t images = numel() / (channels * pixels);
  const bool to_channels_last = format == MemoryFormat::channels_last;
  visit_dtype(dtype_, [&]<class T>() {
    kernels::transpose(images, to_channels_last ? channels : pixels, to_channels_last ? pixels : channels, data<T>(),
                       result.mutable_data<T>());
  });
  return result;
}

Array Array::to(DType dtype) const {
  check_defined();
  if (dtype == dtype_) return *this;
  Array result = empty(shape_, dtype, format_);
  result.copy_from(*this);
  return result;
}

Array Array::clone() const {
  Array result = empty_like(*this);
  result.copy_from(*this);
  return result;
}

void Array::fill(double value) {
  visit_dtype(dtype_, [&]<class T>() {
    T* out = mutable_data<T>();
    kernels::parallel_ranges(numel(), copy_grain, [&](std::int64_t begin, std::int64_t end) {
      std::fill(out + begin, out + end, static_cast<T>(value));
    });
  });
}

void Array::copy_from(const Array& source) {
  check_defined();
  source.check_defined();
  if (source.shape_ != shape_) {
    throw ShapeError(fmt::format("copy_from: expected {}, got {}", to_string(shape_), to_string(source.shape_)));
  }
  const Array ordered = source.contiguous(format_);
  visit_dtype(dtype_, [&]<class To>() {
    visit_dtype(ordered.dtype_, [&]<class From>() {
      const From* in = ordered.data<From>();
      To* out = mutable_data<To>();
      kernels::parallel_ranges(numel(), copy_grain, [&](std::int64_t begin, std::int64_t end) {
        const kernels::DenormalsGuard keep(kernels::Denormals::keep);
        std::transform(in + begin, in + end, out + begin, [](From value) { return static_cast<To>(value); });
      });
    });
  });
}

void Array::throw_dtype(DType wanted) const {
  throw DTypeError(fmt::format("array: {} cannot be read as {}", to_string(*this), to_string(wanted)));
}

void Array::throw_undefined() {
  throw ValueError("array: an undefined array has no value");
}

WeakArray::WeakArray(const Array& array) : without_memory_(array), storage_(array.storage_) {
  without_memory_.storage_ = nullptr;
}

Array WeakArray::lock() const {
  Array array = without_memory_;
  array.storage_ = storage_.lock();
  return array;
}

std::string to_string(const Array& array) {
  return array.defined() ? fmt::format("{}{}", to_string(array.dtype()), to_string(array.shape())) : "undefined";
}

std::int64_t format_conversions() {
  return conversion_count();
}

}  // namespace tapestry
