#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/kernels/winograd/winograd.hpp>

#include "kernels/conv2d_cases.hpp"

namespace test_winograd {

using namespace conv2d_cases;

namespace {

constexpr auto winograd_algorithm = Conv2dAlgorithm::winograd;

std::vector<double> in_double(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

Operands<double> in_double(const Operands<float>& o) {
  return {in_double(o.x), in_double(o.weight), in_double(o.bias), in_double(o.in_bias), in_double(o.dy)};
}

std::vector<float> normals(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> result(static_cast<std::size_t>(size));
  for (float& value : result) value = distribution(random);
  return result;
}

/// The root mean square of the error over that of the result.
double relative_error(const std::vector<float>& got, const std::vector<double>& wanted) {
  REQUIRE(got.size() == wanted.size());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += (double{got[i]} - wanted[i]) * (double{got[i]} - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return std::sqrt(error / size);
}

std::vector<double> magnitudes(const std::vector<float>& values) {
  std::vector<double> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](float value) { return std::abs(double{value}); });
  return result;
}

/// The reference in double precision, and the sums of the magnitudes of its terms.
struct Wanted {
  Results<double> values, magnitudes;
};

Wanted wanted_of(const Conv2dGeometry& g, const Operands<float>& o) {
  const Operands<double> sizes = {magnitudes(o.x), magnitudes(o.weight), magnitudes(o.bias), magnitudes(o.in_bias),
                                  magnitudes(o.dy)};
  return {all_passes(g, Conv2dAlgorithm::reference, in_double(o)), all_passes(g, Conv2dAlgorithm::reference, sizes)};
}

/// The largest error of a result, in units of 2⁻²⁴ times the largest sum of magnitudes.
double error_of(const std::vector<float>& got, const std::vector<double>& wanted, const std::vector<double>& sizes) {
  REQUIRE(got.size() == wanted.size());
  const double largest = *std::max_element(sizes.begin(), sizes.end());
  double error = 0;
  for (std::size_t i = 0; i < got.size(); ++i) error = std::max(error, std::abs(double{got[i]} - wanted[i]));
  return error / (largest * 0x1p-24);
}

/// The positions that are not finite.
template <class T>
std::vector<bool> bad_places(const std::vector<T>& values) {
  std::vector<bool> result;
  for (const T value : values) result.push_back(!std::isfinite(value));
  return result;
}

}  // namespace

// The magnitudes along a row of Bᵀ, G and Aᵀ sum to at most 5.3, 1.4 and 8.3: in two dimensions a term and its rounding
// error may be magnified (5.3 · 1.4 · 8.3)² = 3800 times. With numbers of both signs that does not happen: the largest
// error seen was 30 roundings.
TEST_CASE("winograd matches the definition up to rounding on every instruction set") {
  tapestry::testing::for_each_target([] {
    WinogradSource source;
    for (int i = 0; i < 120; ++i) {
      const Conv2dGeometry g = source.next();
      INFO(describe(g));
      REQUIRE(winograd::can_compute(g));
      const Operands<float> o = operands<float>(g, reals<float>);
      const Wanted wanted = wanted_of(g, o);
      const Results<float> got = all_passes(g, winograd_algorithm, o);
      CHECK(error_of(got.y, wanted.values.y, wanted.magnitudes.y) < 40);
      CHECK(error_of(got.dx, wanted.values.dx, wanted.magnitudes.dx) < 40);
      CHECK(error_of(got.dweight, wanted.values.dweight, wanted.magnitudes.dweight) < 40);
    }
  });
}

TEST_CASE("the relative error of winograd with 64 channels of normal numbers is below 1e-6") {
  Conv2dGeometry g{};
  g.batch = 2;
  g.in_channels = g.out_channels = 64;
  g.in_height = g.in_width = g.out_height = g.out_width = 16;
  g.kernel_height = g.kernel_width = 3;
  g.groups = g.dilation_height = g.dilation_width = g.pad_top = g.pad_left = 1;
  for (const int stride : {1, 2}) {
    g.stride_height = g.stride_width = stride;
    g.out_height = g.out_width = 16 / stride;
    const Operands<float> o = operands<float>(g, normals);
    const Results<double> wanted = all_passes(g, Conv2dAlgorithm::implicit_gemm, in_double(o));
    const Results<float> got = all_passes(g, winograd_algorithm, o);
    INFO("stride " << stride);
    CHECK(relative_error(got.y, wanted.y) < 1e-6);
    CHECK(relative_error(got.dx, wanted.dx) < 1e-6);
    CHECK(relative_error(got.dweight, wanted.dweight) < 1e-6);
    CHECK(relative_error(all_passes(g, Conv2dAlgorithm::implicit_gemm, o).y, wanted.y) < 5e-7);
  }
}

// Convolutions whose transformed kernels or sums do not fit into the caches, and with enough tiles for several rounds,
// or for pieces of several rounds. Rounding errors grow with the square root of the number of terms: 1e-6 · √(561 / 64)
// = 3e-6.
TEST_CASE("winograd of many channels or tiles matches the definition up to rounding at any number of threads") {
  struct Size {
    std::int64_t batch, side, in_channels, out_channels, stride;
  };
  for (const Size& size : {Size{2, 7, 400, 561, 1}, Size{2, 9, 400, 561, 2}, Size{11, 19, 130, 200, 1},
                           Size{11, 38, 130, 200, 2}, Size{53, 31, 16, 17, 1}, Size{53, 62, 16, 17, 2}}) {
    Conv2dGeometry g{};
    g.batch = size.batch;
    g.in_height = size.side;
    g.in_width = size.side + 1;
    g.in_channels = size.in_channels;
    g.out_channels = size.out_channels;
    g.stride_height = g.stride_width = size.stride;
    g.out_height = (g.in_height - 1) / size.stride + 1;
    g.out_width = (g.in_width - 1) / size.stride + 1;
    g.kernel_height = g.kernel_width = 3;
    g.groups = g.dilation_height = g.dilation_width = g.pad_top = g.pad_left = 1;
    INFO(describe(g));
    const Operands<float> o = operands<float>(g, normals);
    const Results<double> wanted = all_passes(g, Conv2dAlgorithm::implicit_gemm, in_double(o));
    Results<float> got;
    {
      const ThreadCount threads(1);
      got = all_passes(g, winograd_algorithm, o);
    }
    CHECK(relative_error(got.y, wanted.y) < 3e-6);
    CHECK(relative_error(got.dx, wanted.dx) < 3e-6);
    CHECK(relative_error(got.dweight, wanted.dweight) < 3e-6);
    for (const int count : {2, 3, 8}) {
      const ThreadCount threads(count);
      REQUIRE(all_passes(g, winograd_algorithm, o) == got);
    }
  }
}

TEST_CASE("winograd has the same bits at any number of threads and for a sample alone") {
  WinogradSource source;
  for (int i = 0; i < 20; ++i) {
    Conv2dGeometry g = source.next();
    g.batch = 7;
    INFO(describe(g));
    const Operands<float> o = operands<float>(g, reals<float>);
    const auto with_threads = [&](int count) {
      const ThreadCount threads(count);
      return all_passes(g, winograd_algorithm, o);
    };
    const Results<float> wanted = with_threads(1);
    for (const int count : {2, 3, 4, 8}) REQUIRE(with_threads(count) == wanted);

    Conv2dGeometry alone = g;
    alone.batch = 1;
    const auto last_of = [](const std::vector<float>& batch) {
      return std::vector<float>(batch.end() - static_cast<std::ptrdiff_t>(batch.size() / 7), batch.end());
    };
    REQUIRE(forward(alone, winograd_algorithm, last_of(o.x), o.weight, o.bias) == last_of(wanted.y));
    REQUIRE(input_gradient(alone, winograd_algorithm, last_of(o.dy), o.weight, o.in_bias) == last_of(wanted.dx));
  }
}

TEST_CASE("with winograd a nonfinite value affects only windows that contain it") {
  WinogradSource source;
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::max()}) {
    for (int i = 0; i < 20; ++i) {
      const Conv2dGeometry g = source.next();
      INFO(describe(g) << " with " << value);
      Operands<float> o = operands<float>(g, reals<float>);
      o.x[o.x.size() / 2] = value;
      o.dy[o.dy.size() / 3] = value;
      // The weight gradient multiplies the zeros of the padding as well, so that NaN stays NaN there.
      const Results<float> wanted = all_passes(g, Conv2dAlgorithm::implicit_gemm, o);
      const Results<float> got = all_passes(g, winograd_algorithm, o);
      REQUIRE((bad_places(got.y) == bad_places(wanted.y)));
      REQUIRE((bad_places(got.dx) == bad_places(wanted.dx)));
      REQUIRE((bad_places(got.dweight) == bad_places(wanted.dweight)));
    }
  }
}

TEST_CASE("winograd adds an input gradient to its target with the bits of a sum") {
  for_each_target([] {
    WinogradSource source;
    for (int i = 0; i < 60; ++i) {
      const Conv2dGeometry g = source.next();
      INFO(describe(g));
      Operands<float> o = operands<float>(g, reals<float>);
      if (i % 3 == 0) o.dy[o.dy.size() / 3] = std::numeric_limits<float>::infinity();
      const std::vector<float> sum = add_input_gradient(g, winograd_algorithm, o.dy, o.weight, o.x);
      const std::vector<float> dx = input_gradient(g, winograd_algorithm, o.dy, o.weight, {});
      REQUIRE(sum.size() == o.x.size());
      for (std::size_t at = 0; at < sum.size(); ++at) {
        const float wanted = o.x[at] + dx[at];
        if (std::isnan(wanted) ? !std::isnan(sum[at]) : sum[at] != wanted) FAIL("element " << at);
      }
    }
  });
}

TEST_CASE("winograd of an empty batch has a weight gradient of zero") {
  Conv2dGeometry g = WinogradSource().next();
  g.batch = 0;
  const auto gradient = weight_gradient<float>(g, winograd_algorithm, {}, {});
  REQUIRE(gradient == std::vector<float>(gradient.size(), 0));
  REQUIRE(forward<float>(g, winograd_algorithm, {}, reals<float>(sizes(g).weight, 1), {}).empty());
}

TEST_CASE("winograd is chosen for 3x3 convolutions in f32 if it is allowed") {
  Conv2dGeometry g = WinogradSource().next();
  g.in_channels = g.out_channels = 16;
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/true) == winograd_algorithm);
  REQUIRE(choose_algorithm<float>(g, /*allow_winograd=*/false) != winograd_algorithm);
  REQUIRE(choose_algorithm<double>(g, /*allow_winograd=*/true) != winograd_algorithm);
  for (const auto& change : std::vector<void (*)(Conv2dGeometry&)>{
           [](Conv2dGeometry& c) { c.stride_width = 3 - c.stride_width; },
           [](Conv2dGeometry& c) { c.dilation_height = 2; }, [](Conv2dGeometry& c) { c.groups = 2; },
           [](Conv2dGeometry& c) { c.kernel_width = 1; }, [](Conv2dGeometry& c) { c.pad_top = 3; },
           [](Conv2dGeometry& c) { c.out_height += 3; },
           [](Conv2dGeometry& c) { c.stride_height = c.stride_width = 3; },
           [](Conv2dGeometry& c) { c.in_channels = 15; }, [](Conv2dGeometry& c) { c.out_channels = 15; }}) {
    Conv2dGeometry other = g;
    change(other);
    REQUIRE(choose_algorithm<float>(other, /*allow_winograd=*/true) != winograd_algorithm);
  }
}

}  // namespace test_winograd
