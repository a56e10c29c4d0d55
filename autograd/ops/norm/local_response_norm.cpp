#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

using MemoryFormat::channels_last;

/// The numbers of channels before and after the center of a window.
struct Window {
  std::int64_t before, after;

  Window mirrored() const { return {after, before}; }
};

/// sums[c] = the sum of the values in the window around c.
void sum_windows(const Window& window, const std::vector<double>& values, std::vector<double>& sums) {
  const auto size = static_cast<std::int64_t>(values.size());
  for (std::int64_t c = 0; c < size; ++c) {
    double sum = 0;
    const std::int64_t last = std::min(size - 1, c + window.after);
    for (std::int64_t i = std::max<std::int64_t>(0, c - window.before); i <= last; ++i)
      sum += values[static_cast<std::size_t>(i)];
    sums[static_cast<std::size_t>(c)] = sum;
  }
}

/// Values per channel of one pixel.
struct Scratch {
  std::vector<double> values, sums;
};

/// Calls `body(first element, scratch)` for every pixel of channels-last images.
template <class Body>
void for_each_pixel(const Shape& images, const Body& body) {
  if (images.numel() == 0) return;
  const std::int64_t channels = images[1];
  const std::int64_t pixels = images.numel() / channels;
  const std::int64_t grain = 1 + (std::int64_t{1} << 12) / channels;
  const std::vector<double> zeros(static_cast<std::size_t>(channels));
  std::vector<Scratch> scratch(static_cast<std::size_t>(kernels::num_threads()), {.values = zeros, .sums = zeros});
  kernels::parallel_for((pixels + grain - 1) / grain, [&](std::int64_t piece, int thread) {
    const std::int64_t end = std::min(pixels, (piece + 1) * grain);
    for (std::int64_t pixel = piece * grain; pixel < end; ++pixel)
      body(pixel * channels, scratch[static_cast<std::size_t>(thread)]);
  });
}

/// base to the power of −exponent, without logarithms for AlexNet's exponent.
double inverse_power(double base, double exponent) {
  return exponent == 0.75 ? 1 / (std::sqrt(base) * std::sqrt(std::sqrt(base))) : std::pow(base, -exponent);
}

/// Sums over the windows: a linear map, whose adjoint is the sum over mirrored windows.
struct ChannelWindowSum {
  static constexpr std::string_view name = "local_response_norm_sum";
  Window window_;

  Array forward(const Tensor& x) const {
    return detail::run_kernel(name, x, x.shape(), channels_last, [&]<class T>(const T* from, T* to) {
      for_each_pixel(x.shape(), [=, this](std::int64_t at, Scratch& scratch) {
        std::copy_n(from + at, scratch.values.size(), scratch.values.begin());
        sum_windows(window_, scratch.values, scratch.sums);
        std::transform(scratch.sums.begin(), scratch.sums.end(), to + at,
                       [](double sum) { return static_cast<T>(sum); });
      });
    });
  }
  Tensor backward(const Tensor& gradient) const { return record(ChannelWindowSum{window_.mirrored()}, gradient); }
};

/// The normalization of images.
struct LocalResponseNorm {
  static constexpr std::string_view name = "local_response_norm";
  Window window_;
  double factor_;  ///< alpha / size
  double beta_;
  double k_;
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::run_kernel(name, x, x.shape(), channels_last, [&]<class T>(const T* first_x, T* first_y) {
      for_each_pixel(x.shape(), [=, this](std::int64_t at, Scratch& scratch) {
        const T* const from = first_x + at;
        T* const to = first_y + at;
        sum_squares(from, scratch);
        for (std::size_t c = 0; c < scratch.sums.size(); ++c)
          to[c] = static_cast<T>(static_cast<double>(from[c]) * inverse_power(base(scratch.sums[c]), beta_));
      });
    });
  }

  /// With d the base of the power: dx = dy · d^−beta − 2 · alpha / size · beta · x · Σ dy · x · d^(−beta − 1), summed
  /// over the windows that contain the channel.
  Array backward(const Array& gradient) const {
    const Array in = x_.array().contiguous(channels_last);
    return detail::run_kernel(name, gradient, in.shape(), channels_last, [&]<class T>(const T* first_dy, T* first_dx) {
      const T* first_x = in.data<T>();
      for_each_pixel(in.shape(), [=, this](std::int64_t at, Scratch& scratch) {
        const T* const from = first_x + at;
        T* const to = first_dx + at;
        sum_squares(from, scratch);
        for (std::size_t c = 0; c < scratch.sums.size(); ++c) {
          const double divisor = base(scratch.sums[c]);
          const double direct =
              static_cast<double>(first_dy[at + static_cast<std::int64_t>(c)]) * inverse_power(divisor, beta_);
          to[c] = static_cast<T>(direct);
          scratch.values[c] = direct * static_cast<double>(from[c]) / divisor;
        }
        sum_windows(window_.mirrored(), scratch.values, scratch.sums);
        for (std::size_t c = 0; c < scratch.sums.size(); ++c) {
          const double through = 2 * factor_ * beta_ * static_cast<double>(from[c]) * scratch.sums[c];
          to[c] = static_cast<T>(static_cast<double>(to[c]) - through);
        }
      });
    });
  }

  Tensor backward(const Tensor& dy) const {
    const Tensor x = x_.tensor();
    const Tensor divisor = record(ChannelWindowSum{window_}, x * x) * factor_ + k_;
    const Tensor direct = dy * pow(divisor, -beta_);
    return direct - x * record(ChannelWindowSum{window_.mirrored()}, direct * x / divisor) * (2 * factor_ * beta_);
  }

 private:
  double base(double sum) const { return k_ + factor_ * sum; }

  template <class T>
  void sum_squares(const T* x, Scratch& scratch) const {
    for (std::size_t c = 0; c < scratch.values.size(); ++c)
      scratch.values[c] = static_cast<double>(x[c]) * static_cast<double>(x[c]);
    sum_windows(window_, scratch.values, scratch.sums);
  }
};

}  // namespace

void check_local_response_norm_options(std::string_view operation, std::int64_t size, double alpha, double beta,
                                       double k) {
  check_positive(operation, "size", size);
  if (!std::isfinite(alpha) || !std::isfinite(beta) || !std::isfinite(k)) {
    throw ValueError(fmt::format("{}: alpha, beta and k must be finite, got {}, {} and {}", operation, alpha, beta, k));
  }
}

Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha, double beta, double k) {
  check_local_response_norm_options(LocalResponseNorm::name, size, alpha, beta, k);
  detail::check_floating(LocalResponseNorm::name, x);
  detail::check_channel_rank(LocalResponseNorm::name, x, 3);
  const Tensor y = record(LocalResponseNorm{.window_ = {.before = size / 2, .after = (size - 1) / 2},
                                            .factor_ = alpha / static_cast<double>(size),
                                            .beta_ = beta,
                                            .k_ = k},
                          detail::as_images(x));
  return reshape(y, x.shape());
}

}  // namespace tapestry
