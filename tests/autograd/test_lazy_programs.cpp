// Random programs give the same bits and the same errors in lazy and in eager evaluation.
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_lazy_programs {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The outcome of a program: arrays, or the text of the error that ended it.
struct Outcome {
  std::vector<Array> arrays;
  std::string error;
  std::int64_t pending = 0;  ///< results that had not been computed right after their operator
};

bool same_bits(const Array& a, const Array& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Array x = a.contiguous(), y = b.contiguous();
  return visit_dtype(x.dtype(), [&]<class T>() {
    return std::memcmp(x.data<T>(), y.data<T>(), static_cast<std::size_t>(x.bytes())) == 0;
  });
}

/// The text without versions, which count all writes to the memory, also those of earlier values.
std::string without_versions(const std::string& error) {
  const std::size_t begin = error.find("it is at version ");
  return begin == std::string::npos ? error : error.substr(0, begin) + error.substr(error.find('\n', begin));
}

/// A program is a function of its seed alone.
class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed), values_source_(seed) {
    constexpr std::int64_t channel_choices[] = {3, 16, 17, 130};
    constexpr double shares[] = {4, 4, 3, 1};
    channels_ = channel_choices[std::discrete_distribution<int>(std::begin(shares), std::end(shares))(random_)];
    dtype_ = one_in(3) ? DType::f64 : DType::f32;
    format_ = one_in(3) ? MemoryFormat::row_major : MemoryFormat::channels_last;
    shape_ = {1 + below(3), channels_, 4 + below(4), 3 + below(4)};
  }

  Outcome run() {
    Outcome outcome;
    try {
      const auto anomaly = one_in(12) ? std::make_unique<AnomalyGuard>() : nullptr;
      values_.push_back(parameter(shape_));
      for (std::int64_t steps = 3 + below(10); steps > 0; --steps) step(outcome);
      finish(outcome);
    } catch (const Error& error) {
      outcome.error = error.what();
    }
    return outcome;
  }

 private:
  std::int64_t below(std::int64_t bound) { return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(random_); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  Array made(const Shape& shape) {
    const Array array = values_source_.reals(shape).to(dtype_);
    return shape.rank() == 4 ? array.contiguous(format_) : array;
  }
  Tensor parameter(const Shape& shape) {
    Tensor result = Tensor(made(shape));
    if (!one_in(5)) {
      result.set_requires_grad();
      leaves_.push_back(result);
    }
    return result;
  }
  Tensor& any() { return values_[static_cast<std::size_t>(below(std::ssize(values_)))]; }
  Tensor& latest_or_any() { return one_in(3) ? any() : values_.back(); }

  Tensor convolved(const Tensor& x) {
    const Tensor bias = one_in(2) ? parameter({channels_}) : Tensor();
    switch (below(5)) {
      case 0:
        return conv2d(x, parameter({channels_, channels_, 1, 1}), bias);
      case 1:
        return conv2d(x, parameter({channels_, 1, 3, 3}), bias, {.padding = 1, .groups = channels_});
      case 2:
        return conv_transpose2d(x, parameter({channels_, channels_, 3, 3}), bias, {.padding = 1});
      case 3: {
        // To half the size and back, so that gradients of strided convolutions are added to others.
        const Pair size = {shape_[2], shape_[3]};
        const Pair odd = {1 - size.height % 2, 1 - size.width % 2};
        const Tensor small = conv2d(x, parameter({channels_, channels_, 1, 1}), bias, {.stride = 2});
        return conv_transpose2d(small, parameter({channels_, channels_, 1, 1}), {},
                                {.stride = 2, .output_padding = odd});
      }
      default:
        return conv2d(x, parameter({channels_, channels_, 3, 3}), bias, {.padding = 1});
    }
  }

  Tensor normalized(const Tensor& x) {
    const bool is_affine = !one_in(4);
    const Tensor weight = is_affine ? parameter({channels_}) : Tensor(),
                 bias = is_affine ? parameter({channels_}) : Tensor();
    const Array mean = made({channels_}), variance = Array::full({channels_}, 0.7, dtype_);
    buffers_.insert(buffers_.end(), {mean, variance});
    return batch_norm(x, mean, variance, weight, bias, {.training = !one_in(3)});
  }

  Tensor activated(const Tensor& x) {
    switch (below(10)) {
      case 0:
        return relu6(x);
      case 1:
        return leaky_relu(x, {.negative_slope = 0.2});
      case 2:
        return hardswish(x);
      case 3:
        return silu(x);
      case 4:
        return sigmoid(x);
      case 5:
        return hardsigmoid(x);
      case 6:
        return gelu(x);
      case 7:
        return gelu(x, {.approximate = GeluApproximation::tanh});
      default:
        return relu(x);
    }
  }

  /// A linear layer over the channels of the mean pixel, and its result as a factor per channel.
  Tensor gated(const Tensor& x) {
    const Tensor means = reshape(global_avg_pool2d(x), {shape_[0], channels_});
    const Tensor gate = sigmoid(linear(means, parameter({channels_, channels_}), parameter({channels_})));
    return x * reshape(gate, {shape_[0], channels_, 1, 1});
  }

  void step(Outcome& outcome) {
    switch (below(16)) {
      case 0:
        (void)any().array();
        return;
      case 1: {
        const Tensor x = any();
        std::thread([x] { (void)x.array(); }).join();
        return;
      }
      case 2:
        if (const Tensor x = any(); x.requires_grad()) {
          const double factor = one_in(2) ? 0.5 : 1;
          x.register_hook([factor](const Tensor& g) { return factor == 1 ? Tensor() : g * factor; });
        }
        return;
      case 3:
        // Rarely, because it usually ends in an error.
        if (one_in(4)) Array(any().array()).fill(0.25);
        return;
      case 4:
        if (!buffers_.empty()) buffers_[static_cast<std::size_t>(below(std::ssize(buffers_)))].fill(0.5);
        return;
      case 5: {
        const NoGradGuard guard;
        return push(outcome, activated(normalized(convolved(latest_or_any()))));
      }
      case 6:
        return push(outcome, any().detach());
      case 7:
        return push(outcome, gated(latest_or_any()));
      case 8:
      case 9:
        return push(outcome, latest_or_any() + any());
      case 10:
      case 11:
        return push(outcome, normalized(latest_or_any()));
      case 12:
      case 13:
        return push(outcome, activated(latest_or_any()));
      default:
        return push(outcome, convolved(latest_or_any()));
    }
  }

  void push(Outcome& outcome, Tensor value) {
    outcome.pending += detail::pending(value) != nullptr;
    values_.push_back(std::move(value));
    // Plain code does not keep its intermediate values.
    if (values_.size() > 2 && one_in(2)) values_.erase(values_.begin() + below(std::ssize(values_) - 1));
  }

  void finish(Outcome& outcome) {
    Tensor loss = sum(values_.back() * Tensor(made(shape_)));
    if (one_in(2)) loss = loss + sum(any() * Tensor(made(shape_)));
    if (loss.requires_grad() && !leaves_.empty()) {
      if (one_in(4)) {
        Tensor squares;
        for (const Tensor& gradient : grad(loss, leaves_, {}, {.create_graph = true})) {
          if (!gradient.defined()) continue;
          const Tensor square = sum(gradient * gradient);
          squares = squares.defined() ? squares + square : square;
        }
        if (squares.defined() && squares.requires_grad()) squares.backward();
      } else {
        loss.backward({}, {.retain_graph = one_in(3)});
      }
    }
    outcome.arrays.push_back(loss.array());
    for (const Tensor& value : values_) outcome.arrays.push_back(value.array());
    for (const Tensor& leaf : leaves_)
      outcome.arrays.push_back(leaf.grad().defined() ? leaf.grad().array() : Array::zeros({}));
    outcome.arrays.insert(outcome.arrays.end(), buffers_.begin(), buffers_.end());
  }

  std::mt19937_64 random_;
  Generator values_source_;
  std::int64_t channels_;
  DType dtype_;
  MemoryFormat format_;
  Shape shape_;
  std::vector<Tensor> values_, leaves_;
  std::vector<Array> buffers_;
};

void require_equal_programs(std::uint64_t first, std::uint64_t last) {
  std::int64_t pending = 0, errors = 0;
  for (std::uint64_t seed = first; seed < last; ++seed) {
    INFO("program " << seed);
    const ThreadCount threads(1 + static_cast<int>(seed % 3));
    const Outcome lazy = Program(seed).run();
    const Outcome eager = [&] {
      const EagerGuard guard;
      return Program(seed).run();
    }();
    REQUIRE(without_versions(lazy.error) == without_versions(eager.error));
    REQUIRE(eager.pending == 0);
    pending += lazy.pending;
    errors += lazy.error.empty() ? 0 : 1;
    REQUIRE(lazy.arrays.size() == eager.arrays.size());
    for (std::size_t i = 0; i < lazy.arrays.size(); ++i) {
      INFO("array " << i);
      REQUIRE(same_bits(lazy.arrays[i], eager.arrays[i]));
    }
  }
  // The programs cover what they are meant to cover.
  const auto programs = static_cast<std::int64_t>(last - first);
  REQUIRE(pending > 2 * programs);
  REQUIRE(errors > 0);
  REQUIRE(errors < programs / 3);
}

}  // namespace

TEST_CASE("random programs give the same bits in lazy and eager evaluation") {
  require_equal_programs(0, 200);
}

TEST_CASE("slow: two thousand random programs give the same bits in lazy and eager evaluation") {
  require_equal_programs(200, 2400);
}

}  // namespace test_lazy_programs
