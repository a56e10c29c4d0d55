// max_unpool2d: a scatter to given positions, whose adjoint is the gather from them.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

using MemoryFormat::channels_last;
constexpr std::string_view operation = "max_unpool2d";

/// The places of the elements of channels-last images in larger image planes.
struct Places {
  Array indices;  ///< i64, channels-last: a pixel of the plane, or −1 if a later element overwrites it
  std::int64_t batch, channels, pixels, plane;
};

/// Calls `body(element, target element)` for every element that has a place. No two have the same target.
template <class Body>
void for_each_place(const Places& places, const Body& body) {
  const auto* index = places.indices.data<std::int64_t>();
  const std::int64_t grain = 1 + (std::int64_t{1} << 14) / places.channels;
  kernels::parallel_ranges(places.batch * places.pixels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      const std::int64_t image = pixel / places.pixels * places.plane;
      for (std::int64_t channel = 0; channel < places.channels; ++channel) {
        const std::int64_t element = pixel * places.channels + channel;
        if (index[element] >= 0) body(element, (image + index[element]) * places.channels + channel);
      }
    }
  });
}

struct MaxUnpool2d {
  static constexpr std::string_view name = operation;
  static constexpr std::string_view adjoint_name = "max_unpool2d_gradient";
  Places places_;
  Shape from_, to_;

  Array forward(const Tensor& x) const {
    return moved(name, x, to_,
                 [](const auto* in, auto* y, std::int64_t element, std::int64_t place) { y[place] = in[element]; });
  }

  Array adjoint(const Tensor& gradient) const {
    return moved(adjoint_name, gradient, from_,
                 [](const auto* in, auto* y, std::int64_t element, std::int64_t place) { y[element] = in[place]; });
  }

 private:
  /// Zeros of `shape`, to which `move` moves the element of every place.
  template <class Move>
  Array moved(std::string_view label, const Tensor& x, const Shape& shape, const Move& move) const {
    const Array in = x.array().contiguous(channels_last);
    Array y = Array::zeros(shape, x.dtype(), channels_last);
    visit_floating(label, x.dtype(), [&]<class T>() {
      const T* source = in.data<T>();
      T* target = y.mutable_data<T>();
      for_each_place(places_, [=](std::int64_t element, std::int64_t place) { move(source, target, element, place); });
    });
    return y;
  }
};

Pair output_size_of(const Tensor& x, const MaxUnpool2dOptions& options) {
  const Pair kernel = options.kernel_size;
  const Pair stride = options.stride.value_or(kernel);
  const auto natural = [&](std::int64_t in, std::int64_t by, std::int64_t padding, std::int64_t cells) {
    std::int64_t whole = 0;
    std::int64_t around = 0;
    if (__builtin_mul_overflow(in - 1, by, &whole) || __builtin_add_overflow(whole, cells, &whole) ||
        __builtin_mul_overflow(padding, 2, &around)) {
      throw ShapeError(fmt::format("{}: the sizes overflow int64 (input {}, kernel {}, stride {}, padding {})",
                                   operation, to_string(x.shape()), cells, by, padding));
    }
    return whole - around;
  };
  const Pair usual = {natural(x.size(2), stride.height, options.padding.height, kernel.height),
                      natural(x.size(3), stride.width, options.padding.width, kernel.width)};
  const Pair size = options.output_size.value_or(usual);
  const auto is_near = [](std::int64_t given, std::int64_t wanted, std::int64_t by) {
    std::int64_t apart = 0;
    return !__builtin_sub_overflow(given, wanted, &apart) && apart > -by && apart < by;
  };
  if (!is_near(size.height, usual.height, stride.height) || !is_near(size.width, usual.width, stride.width)) {
    throw ValueError(fmt::format(
        "{}: output_size ({}, {}) must be less than a stride ({}, {}) away from ({}, {}) (input {})", operation,
        size.height, size.width, stride.height, stride.width, usual.height, usual.width, to_string(x.shape())));
  }
  if (size.height < 1 || size.width < 1) {
    throw ShapeError(fmt::format("{}: the output would have {} × {} pixels (input {})", operation, size.height,
                                 size.width, to_string(x.shape())));
  }
  return size;
}

void check_indices(const Array& indices, Pair size) {
  const std::int64_t plane = size.height * size.width;
  const auto first_outside = [&](const Array& values) {
    const auto* const begin = values.data<std::int64_t>();
    return std::find_if(begin, begin + values.numel(), [&](auto value) { return value < 0 || value >= plane; }) - begin;
  };
  if (first_outside(indices) == indices.numel()) return;
  const Array in_order = indices.contiguous();
  const std::int64_t at = first_outside(in_order);
  throw ValueError(fmt::format("{}: index {} at [{}] is outside the plane of {} × {} = {} pixels", operation,
                               in_order.data<std::int64_t>()[at], detail::index_of(at, indices.shape()), size.height,
                               size.width, plane));
}

/// The places for given indices. Of several elements with the same index, the last in row-major order keeps it.
Places places_of(const Array& indices, Pair size) {
  Places places = {.indices = indices.contiguous(channels_last).clone(),
                   .batch = indices.size(0),
                   .channels = indices.size(1),
                   .pixels = indices.size(2) * indices.size(3),
                   .plane = size.height * size.width};
  auto* index = places.indices.mutable_data<std::int64_t>();
  std::vector<unsigned char> is_taken(static_cast<std::size_t>(places.batch * places.channels * places.plane));
  kernels::parallel_for(places.batch, [&](std::int64_t image, int) {
    for (std::int64_t pixel = places.pixels - 1; pixel >= 0; --pixel) {
      for (std::int64_t channel = 0; channel < places.channels; ++channel) {
        std::int64_t& place = index[(image * places.pixels + pixel) * places.channels + channel];
        unsigned char& taken =
            is_taken[static_cast<std::size_t>((image * places.plane + place) * places.channels + channel)];
        if (taken != 0) place = -1;
        taken = 1;
      }
    }
  });
  return places;
}

}  // namespace

void MaxUnpool2dOptions::check(std::string_view caller) const {
  detail::check_option(caller, 2, "kernel_size", kernel_size, 1);
  detail::check_option(caller, 2, "stride", stride.value_or(kernel_size), 1);
  detail::check_option(caller, 2, "padding", padding, 0);
}

Tensor max_unpool2d(const Tensor& x, const Array& indices, const MaxUnpool2dOptions& options) {
  detail::check_images(operation, x);
  options.check(operation);
  if (indices.dtype() != DType::i64) {
    throw DTypeError(fmt::format("{}: expected indices of type i64, got {}", operation, to_string(indices)));
  }
  if (indices.shape() != x.shape()) {
    throw ShapeError(fmt::format("{}: expected indices of the input's shape {}, got {}", operation,
                                 to_string(x.shape()), to_string(indices.shape())));
  }
  const Pair size = output_size_of(x, options);
  const Shape shape = {x.size(0), x.size(1), size.height, size.width};
  check_indices(indices, size);
  return detail::record_linear(MaxUnpool2d{.places_ = places_of(indices, size), .from_ = x.shape(), .to_ = shape}, x);
}

}  // namespace tapestry
