#include <algorithm>
#include <cmath>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/drawing/figures.hpp>

#include "catch.hpp"

namespace test_shapes {

using namespace tapestry;
using namespace tapestry::data;

namespace {

constexpr std::size_t features = 3 * 32 * 32;
constexpr std::size_t classes = 10;

/// The accuracy of a linear classifier on `test`: softmax regression by stochastic gradient descent.
double linear_accuracy(const ArrayDataset& train, const ArrayDataset& test) {
  std::vector<float> weights((features + 1) * classes, 0.0F);
  std::vector<float> scores(classes);
  const auto score = [&](const std::uint8_t* image) {
    for (std::size_t c = 0; c < classes; ++c) {
      const float* w = weights.data() + c * (features + 1);
      float sum = w[features];
      for (std::size_t i = 0; i < features; ++i) sum += w[i] * (static_cast<float>(image[i]) / 255.0F - 0.5F);
      scores[c] = sum;
    }
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
  };
  constexpr int epochs = 5;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const float rate = 0.002F / static_cast<float>(epoch + 1);
    for (std::int64_t n = 0; n < train.size(); ++n) {
      const std::uint8_t* image = train.images().data<std::uint8_t>() + n * static_cast<std::int64_t>(features);
      const float largest = scores[static_cast<std::size_t>(score(image))];
      float total = 0;
      for (float& s : scores) total += s = std::exp(s - largest);
      for (std::size_t c = 0; c < classes; ++c) {
        const float wanted = static_cast<std::int64_t>(c) == train.labels().data<std::int64_t>()[n] ? 1.0F : 0.0F;
        const float step = rate * (wanted - scores[c] / total);
        float* w = weights.data() + c * (features + 1);
        for (std::size_t i = 0; i < features; ++i) w[i] += step * (static_cast<float>(image[i]) / 255.0F - 0.5F);
        w[features] += step;
      }
    }
  }
  std::int64_t right = 0;
  for (std::int64_t n = 0; n < test.size(); ++n) {
    right += score(test.images().data<std::uint8_t>() + n * static_cast<std::int64_t>(features)) ==
                     test.labels().data<std::int64_t>()[n]
                 ? 1
                 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(test.size());
}

}  // namespace

TEST_CASE("shapes are a function of seed and split and index") {
  const Shapes few({.split = Split::train, .size = 30});
  const Shapes many({.split = Split::train, .size = 100});
  const Shapes test({.split = Split::test, .size = 30});
  const Shapes other({.split = Split::train, .size = 30, .seed = 1});
  CHECK(few.images().shape() == Shape{30, 3, 32, 32});
  CHECK(few.images().dtype() == DType::u8);
  for (const std::int64_t i : {0, 7, 29}) {
    const auto image = few.get(i).image.to_vector<std::uint8_t>();
    CHECK(image == many.get(i).image.to_vector<std::uint8_t>());
    CHECK(image != test.get(i).image.to_vector<std::uint8_t>());
    CHECK(image != other.get(i).image.to_vector<std::uint8_t>());
    CHECK(few.get(i).label == i % 10);
  }
  CHECK(Shapes({.split = Split::test, .size = 0}).size() == 0);
  CHECK_THROWS_WITH(Shapes({.split = Split::test, .size = -1}), "shapes: size must not be negative, got -1");
}

TEST_CASE("shapes have ten names and ten figures of similar area") {
  const std::vector<std::string> names = Shapes({.split = Split::train, .size = 1}).class_names();
  CHECK(names == std::vector<std::string>{"circle", "square", "triangle", "pentagon", "star", "cross", "ring",
                                          "crescent", "heart", "arrow"});
  for (std::size_t figure = 0; figure < names.size(); ++figure) {
    int inside = 0;
    constexpr int steps = 120;
    float outermost = 0;
    for (int i = -steps; i <= steps; ++i) {
      for (int j = -steps; j <= steps; ++j) {
        const Point p{1.2F * static_cast<float>(i) / steps, 1.2F * static_cast<float>(j) / steps};
        if (figure_distance(static_cast<int>(figure), p) >= 0) continue;
        ++inside;
        outermost = std::max(outermost, std::hypot(p.x, p.y));
      }
    }
    const double area = inside * (1.2 / steps) * (1.2 / steps);
    INFO(names[figure] << " has area " << area << " and radius " << outermost);
    CHECK((area > 0.9 && area < 2.6));
    CHECK((outermost > 0.85F && outermost < 1.13F));
  }
}

TEST_CASE("figure_distance changes by at most the distance moved") {
  for (int figure = 0; figure < 10; ++figure) {
    for (int i = 0; i < 400; ++i) {
      const float angle = 0.37F * static_cast<float>(i);
      const float radius = 0.004F * static_cast<float>(i);
      const Point p{radius * std::cos(angle), radius * std::sin(angle)};
      const Point q{p.x + 0.01F, p.y};
      INFO("figure " << figure << " at " << p.x << ", " << p.y);
      // A few roundings of numbers near 1.
      CHECK(std::abs(figure_distance(figure, p) - figure_distance(figure, q)) <= 0.01F + 1e-5F);
    }
  }
}

TEST_CASE("shapes are too hard for a linear classifier") {
  const Shapes train({.split = Split::train, .size = 3000});
  const Shapes test({.split = Split::test, .size = 1000});
  const double accuracy = linear_accuracy(train, test);
  INFO("accuracy of a linear classifier " << accuracy);
  CHECK(accuracy < 0.6);
}

}  // namespace test_shapes
