#include <string>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/confusion_matrix.hpp>

#include "catch.hpp"

namespace test_confusion_matrix {

using namespace tapestry;

namespace {

Array numbers(const std::vector<std::int64_t>& values) {
  return Array::from({std::ssize(values)}, values);
}

/// The number of pixels of one color.
std::int64_t count(const Array& picture, int red, int green, int blue) {
  std::int64_t pixels = 0;
  for (std::int64_t y = 0; y < picture.size(1); ++y) {
    for (std::int64_t x = 0; x < picture.size(2); ++x) {
      pixels += picture.at({0, y, x}) == red && picture.at({1, y, x}) == green && picture.at({2, y, x}) == blue;
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("confusion_counts counts samples by true and predicted class") {
  const Array counts = viz::confusion_counts(numbers({0, 1, 2, 2, 2, 0}), numbers({0, 2, 2, 1, 2, 0}), 4);
  CHECK(counts.shape() == Shape{4, 4});
  CHECK(counts.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0, 0, 0,  //
                                                                      0, 0, 1, 0,  //
                                                                      0, 1, 2, 0,  //
                                                                      0, 0, 0, 0});
}

TEST_CASE("correct predictions are blue and wrong ones red in a confusion matrix") {
  const Array counts = Array::from<std::int64_t>({2, 2}, {9, 0, 4, 0});
  const Array picture = viz::confusion_matrix(counts, {"a", "b"});
  REQUIRE(picture.size(1) == picture.size(2));
  // Two cells are filled with their color except for the number; the other two are white.
  const std::int64_t blue = count(picture, 33, 102, 172), red = count(picture, 178, 24, 43);
  CHECK(blue > 900);
  CHECK(red > 900);
  CHECK(blue < 37 * 37);
  // A cell with a quarter of its row has half the intensity.
  const Array shared = viz::confusion_matrix(Array::from<std::int64_t>({2, 2}, {3, 1, 0, 1}), {"a", "b"});
  CHECK(count(shared, 217, 140, 149) > 900);
  CHECK(count(shared, 178, 24, 43) == 0);
}

TEST_CASE("a confusion matrix grows with the lengths of names and numbers") {
  const Array counts = Array::full({2, 2}, 7, DType::i64);
  const auto side = [](const Array& of, const std::vector<std::string>& names) {
    return viz::confusion_matrix(of, names).size(2);
  };
  CHECK(side(counts, {"a", "automobile"}) > side(counts, {"a", "b"}));
  CHECK(side(Array::full({2, 2}, 1e9, DType::i64), {"a", "b"}) > side(counts, {"a", "b"}));
}

TEST_CASE("confusion matrices reject mismatched input") {
  CHECK_THROWS_WITH(viz::confusion_counts(numbers({1, 2}), numbers({1}), 3),
                    "confusion_counts: expected labels and predicted i64 (N), got i64[2] and i64[1]");
  CHECK_THROWS_WITH(viz::confusion_counts(Array::zeros({2}), Array::zeros({2}), 3),
                    "confusion_counts: expected labels and predicted i64 (N), got f32[2] and f32[2]");
  CHECK_THROWS_WITH(viz::confusion_counts(numbers({1, 2}), numbers({1, 3}), 3),
                    "confusion_counts: sample 1: expected a class in [0, 3), got 3");
  CHECK_THROWS_WITH(viz::confusion_counts(numbers({-1, 2}), numbers({1, 2}), 3),
                    "confusion_counts: sample 0: expected a class in [0, 3), got -1");
  CHECK_THROWS_WITH(viz::confusion_matrix(Array::zeros({2, 3}, DType::i64), {"a", "b"}),
                    "confusion_matrix: expected counts i64 (K, K), got i64[2, 3]");
  CHECK_THROWS_WITH(viz::confusion_matrix(Array::zeros({2, 2}), {"a", "b"}),
                    "confusion_matrix: expected counts i64 (K, K), got f32[2, 2]");
  CHECK_THROWS_WITH(viz::confusion_matrix(Array::zeros({2, 2}, DType::i64), {"a"}),
                    "confusion_matrix: expected one name per class and at least one class, got 1 for i64[2, 2]");
  CHECK_THROWS_WITH(viz::confusion_matrix(Array::zeros({0, 0}, DType::i64), {}),
                    "confusion_matrix: expected one name per class and at least one class, got 0 for i64[0, 0]");
}

}  // namespace test_confusion_matrix
