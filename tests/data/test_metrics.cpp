#include <cmath>
#include <limits>

#include <tapestry/core/error.hpp>
#include <tapestry/data/metrics.hpp>

#include "core/generate.hpp"

namespace test_metrics {

using namespace tapestry;
using namespace tapestry::data;
using namespace tapestry::testing;

namespace {

Array classes_of(const Shape& shape, const std::vector<std::int64_t>& values) {
  return Array::from(shape, values);
}

}  // namespace

TEST_CASE("mean_iou averages intersection over union over the classes") {
  const Array truth = classes_of({2, 3}, {0, 0, 1, 1, 2, 2});
  CHECK(mean_iou(truth, truth, 3) == 1);
  // Class 0: 2 of 3; class 1: 1 of 3; class 2: 1 of 2.
  const Array predicted = classes_of({2, 3}, {0, 0, 0, 1, 1, 2});
  CHECK(mean_iou(predicted, truth, 3) == (2.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3);
  // A class in neither is ignored; a class only in the prediction counts as 0.
  CHECK(mean_iou(predicted, truth, 5) == (2.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3);
  CHECK(mean_iou(classes_of({4}, {0, 0, 0, 3}), classes_of({4}, {0, 0, 0, 0}), 4) == 0.375);
  CHECK(mean_iou(classes_of({2}, {0, 0}), classes_of({2}, {1, 1}), 2) == 0);
}

TEST_CASE("mean_iou rejects input that is not two class maps") {
  const Array truth = classes_of({2, 2}, {0, 1, 1, 0});
  CHECK_THROWS_WITH(mean_iou(classes_of({4}, {0, 1, 1, 0}), truth, 2),
                    "mean_iou: expected two arrays of the same shape, got i64[4] and i64[2, 2]");
  CHECK_THROWS_WITH(mean_iou(truth.to(DType::f32), truth, 2),
                    "mean_iou: expected two arrays of the same dtype, got f32[2, 2] and i64[2, 2]");
  CHECK_THROWS_WITH(mean_iou(truth.to(DType::u8), truth.to(DType::u8), 2),
                    "mean_iou: expected classes of i64, got u8[2, 2]");
  CHECK_THROWS_WITH(mean_iou(truth, truth, 0), "mean_iou: classes must be at least 1, got 0");
  CHECK_THROWS_WITH(mean_iou(truth, truth, 1), "mean_iou: expected classes in [0, 1), got 1 at element 1 of i64[2, 2]");
  CHECK_THROWS_WITH(mean_iou(truth, classes_of({2, 2}, {0, 0, -1, 0}), 2),
                    "mean_iou: expected classes in [0, 2), got -1 at element 2 of i64[2, 2]");
  const Array nothing = Array::empty({0, 2}, DType::i64);
  CHECK_THROWS_WITH(mean_iou(nothing, nothing, 2), "mean_iou: expected at least one element, got i64[0, 2]");
}

TEST_CASE("psnr is ten decibels for a tenth of the squared peak") {
  const Array original = Array::from<double>({4}, {0, 1, 0.5, 0.25});
  const auto moved_by = [&](double step) {
    const auto values = values_of(original);
    return Array::from<double>({4}, {values[0] + step, values[1] - step, values[2] + step, values[3] - step});
  };
  // The argument of the logarithm has a relative error of a few roundings.
  CHECK(std::abs(psnr(moved_by(0.1), original) - 20) < 1e-12);
  CHECK(std::abs(psnr(moved_by(0.1), original, 10) - 40) < 1e-12);
  CHECK(std::abs(psnr(moved_by(25.5), original, 255) - 20) < 1e-12);
  // One of four elements is off by 0.2: a mean square of 0.01.
  const Array one_off = Array::from<double>({4}, {0.2, 1, 0.5, 0.25});
  CHECK(std::abs(psnr(one_off, original) - 20) < 1e-12);
  CHECK(psnr(original, original) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(psnr(Array::full({1}, NAN), Array::zeros({1}))));
}

TEST_CASE("psnr compares elements by index and not by memory order") {
  const Array original = Generator(1).reals({2, 3, 4, 5}).to(DType::f32);
  CHECK(std::isinf(psnr(original.contiguous(MemoryFormat::channels_last), original)));
}

TEST_CASE("psnr rejects input that is not two images") {
  const Array image = Array::zeros({3, 2});
  CHECK_THROWS_WITH(psnr(image, Array::zeros({2, 3})),
                    "psnr: expected two arrays of the same shape, got f32[3, 2] and f32[2, 3]");
  CHECK_THROWS_WITH(psnr(image, Array::zeros({3, 2}, DType::f64)),
                    "psnr: expected two arrays of the same dtype, got f32[3, 2] and f64[3, 2]");
  CHECK_THROWS_WITH(psnr(Array::zeros({2}, DType::u8), Array::zeros({2}, DType::u8)),
                    "psnr: expected f32 or f64, got u8");
  CHECK_THROWS_WITH(psnr(image, image, 0), "psnr: peak must be positive, got 0");
  CHECK_THROWS_WITH(psnr(Array::zeros({0}), Array::zeros({0})), "psnr: expected at least one element, got f32[0]");
}

}  // namespace test_metrics
