#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>

#include "core/generate.hpp"

namespace test_print {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

template <class T>
std::string text_of(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Array counting(const Shape& shape, DType dtype = DType::f32) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) values.push_back(static_cast<double>(i));
  return Array::from(shape, values).to(dtype);
}

std::string text_of_values(const std::vector<float>& values) {
  return text_of(Array::from({static_cast<std::int64_t>(values.size())}, values));
}

}  // namespace

TEST_CASE("dtypes are printed by name and shapes as lists of sizes") {
  REQUIRE(text_of(DType::f64) == "f64");
  REQUIRE(text_of(Shape{8, 3, 32}) == "[8, 3, 32]");
  REQUIRE(text_of(Shape{}) == "[]");
}

TEST_CASE("arrays are printed in rows with aligned columns") {
  REQUIRE(text_of(Array::from<float>({2, 2}, {1, 2.5, -30, 4})) ==
          "array([[  1.0000,   2.5000],\n"
          "       [-30.0000,   4.0000]])");
  REQUIRE(text_of(counting({2, 2, 2})) ==
          "array([[[0., 1.],\n"
          "        [2., 3.]],\n"
          "\n"
          "       [[4., 5.],\n"
          "        [6., 7.]]])");
  REQUIRE(text_of(Array::scalar(3.5)) == "array(3.5000)");
  REQUIRE(text_of(Array()) == "array(undefined)");
}

TEST_CASE("a printed array names its dtype unless it is f32 or i64") {
  REQUIRE(text_of(counting({3})) == "array([0., 1., 2.])");
  REQUIRE(text_of(counting({3}, DType::i64)) == "array([0, 1, 2])");
  REQUIRE(text_of(counting({3}, DType::f64)) == "array([0., 1., 2.], dtype=f64)");
  REQUIRE(text_of(counting({3}, DType::u8)) == "array([0, 1, 2], dtype=u8)");
}

TEST_CASE("a printed array without elements names its shape unless it has one axis") {
  REQUIRE(text_of(Array::zeros({0})) == "array([])");
  REQUIRE(text_of(Array::zeros({2, 0})) == "array([], shape=[2, 0])");
  REQUIRE(text_of(Array::zeros({0, 3}, DType::u8)) == "array([], shape=[0, 3], dtype=u8)");
}

TEST_CASE("printed numbers have an exponent where four decimals would not show them") {
  REQUIRE(text_of_values({1, 100000, 0}) == "array([     1., 100000.,      0.])");
  REQUIRE(text_of_values({1, 1e8F}) == "array([1.0000e+00, 1.0000e+08])");
  REQUIRE(text_of_values({0.5, 499}) == "array([  0.5000, 499.0000])");
  REQUIRE(text_of_values({0.5, 500}) == "array([5.0000e-01, 5.0000e+02])");
  REQUIRE(text_of_values({0.0002F, 0}) == "array([0.0002, 0.0000])");
  REQUIRE(text_of_values({0.00005F, 0}) == "array([5.0000e-05, 0.0000e+00])");
}

TEST_CASE("numbers that are not finite are printed among the others") {
  const float infinity = std::numeric_limits<float>::infinity();
  REQUIRE(text_of_values({NAN, 1.5, -infinity}) == "array([   nan, 1.5000,   -inf])");
  REQUIRE(text_of_values({infinity, 2}) == "array([inf,  2.])");
  REQUIRE(text_of_values({NAN}) == "array([nan])");
}

TEST_CASE("long rows are broken before the eightieth column") {
  const std::string text = text_of(counting({30}));
  REQUIRE(text ==
          "array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
          "       14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,\n"
          "       28., 29.])");
}

TEST_CASE("arrays of more than 1000 elements are summarized along every axis") {
  REQUIRE(text_of(counting({1000})).find("...") == std::string::npos);
  REQUIRE(text_of(counting({1001}, DType::i64)) == "array([   0,    1,    2, ...,  998,  999, 1000], shape=[1001])");
  REQUIRE(text_of(counting({2, 600}, DType::i64)) ==
          "array([[   0,    1,    2, ...,  597,  598,  599],\n"
          "       [ 600,  601,  602, ..., 1197, 1198, 1199]], shape=[2, 600])");
  REQUIRE(text_of(counting({600, 2}, DType::i64)) ==
          "array([[   0,    1],\n"
          "       [   2,    3],\n"
          "       [   4,    5],\n"
          "       ...,\n"
          "       [1194, 1195],\n"
          "       [1196, 1197],\n"
          "       [1198, 1199]], shape=[600, 2])");
  // No axis is long enough to be summarized.
  REQUIRE(text_of(counting({6, 6, 6, 6})).find("shape") == std::string::npos);
}

TEST_CASE("printing depends on the elements and not on the memory format") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 3, 2, 2}, Shape{1, 11, 12, 13}}) {
    const Array x = counting(shape);
    REQUIRE(text_of(in_channels_last(x)) == text_of(x));
    REQUIRE(text_of(in_channels_last(x).slice(0, 1)) == text_of(x.slice(0, 1)));
  }
}

TEST_CASE("printing does not change the state of the stream") {
  std::ostringstream out;
  out.precision(2);
  out << std::scientific << Array::from<float>({1}, {1.25}) << ' ' << 1.25;
  REQUIRE(out.str() == "array([1.2500]) 1.25e+00");
}

}  // namespace test_print
