#include <algorithm>
#include <set>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/scenes.hpp>

#include "core/generate.hpp"

namespace test_scenes {

using namespace tapestry;
using namespace tapestry::data;
using namespace tapestry::testing;

namespace {

std::vector<std::uint8_t> pixels(const Scenes& scenes, std::int64_t index) {
  return scenes.get(index).image.to_vector<std::uint8_t>();
}

Array mask(const Scenes& scenes, std::int64_t index) {
  return scenes.masks().slice(index, index + 1);
}

}  // namespace

TEST_CASE("scenes are a function of seed and split and index") {
  const Scenes few({.split = Split::train, .size = 9});
  const Scenes many({.split = Split::train, .size = 40});
  const Scenes test({.split = Split::test, .size = 9});
  const Scenes other({.split = Split::train, .size = 9, .seed = 1});
  CHECK(few.images().shape() == Shape{9, 3, 48, 48});
  CHECK(few.images().dtype() == DType::u8);
  CHECK(few.masks().shape() == Shape{9, 48, 48});
  CHECK(few.masks().dtype() == DType::i64);
  for (const std::int64_t i : {0, 4, 8}) {
    CHECK(pixels(few, i) == pixels(many, i));
    CHECK(pixels(few, i) != pixels(test, i));
    CHECK(pixels(few, i) != pixels(other, i));
    require_equal(mask(few, i), mask(many, i));
    CHECK(values_of(mask(few, i)) != values_of(mask(test, i)));
    CHECK(values_of(mask(few, i)) != values_of(mask(other, i)));
    CHECK(few.get(i).label == i);
  }
}

TEST_CASE("the noise of a scene is bounded and does not affect masks") {
  constexpr double noise = 0.1;
  const Scenes clean({.split = Split::train, .size = 6, .side = 40, .noise = 0});
  const Scenes noisy({.split = Split::train, .size = 6, .side = 40, .noise = noise});
  require_equal(noisy.masks(), clean.masks());
  const auto before = values_of(clean.images());
  const auto after = values_of(noisy.images());
  double most = 0;
  for (std::size_t i = 0; i < before.size(); ++i) most = std::max(most, std::abs(after[i] - before[i]));
  CHECK(most <= 255 * noise + 1);  // both values are rounded
  CHECK(most > 255 * noise * 0.95);
}

TEST_CASE("scenes contain every class and background surrounds the figures") {
  const auto classes = static_cast<std::int64_t>(scene_classes().size());
  CHECK(scene_classes().front() == "background");
  const Scenes scenes({.split = Split::train, .size = 60, .side = 32});
  std::set<double> seen;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const auto values = values_of(mask(scenes, i));
    seen.insert(values.begin(), values.end());
    const auto ground = std::count(values.begin(), values.end(), 0);
    INFO("scene " << i);
    // A figure of the minimum radius, 0.14 of the side, covers 1 % of a scene even if stretched and partly hidden.
    CHECK(100 * ground < 99 * 32 * 32);
    CHECK(5 * ground > 32 * 32);
  }
  CHECK(static_cast<std::int64_t>(seen.size()) == classes);
  CHECK(*seen.rbegin() == static_cast<double>(classes - 1));
}

TEST_CASE("figures of a scene are brighter than its background") {
  const Scenes scenes({.split = Split::test, .size = 20, .noise = 0});
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const auto values = values_of(mask(scenes, i));
    const auto image = values_of(scenes.get(i).image);
    double figure = 0, ground = 0;
    double figure_pixels = 0;
    for (std::size_t p = 0; p < values.size(); ++p) {
      double brightness = 0;
      for (std::size_t c = 0; c < 3; ++c) brightness += image[c * values.size() + p] / 3;
      (values[p] > 0 ? figure : ground) += brightness;
      figure_pixels += values[p] > 0 ? 1 : 0;
    }
    INFO("scene " << i);
    CHECK(figure / figure_pixels > ground / (static_cast<double>(values.size()) - figure_pixels) + 255 * 0.1);
  }
}

TEST_CASE("scenes reject options out of range") {
  CHECK(Scenes({.split = Split::test, .size = 0}).size() == 0);
  CHECK_THROWS_WITH(Scenes({.split = Split::test, .size = -1}), "scenes: size must not be negative, got -1");
  CHECK_THROWS_WITH(Scenes({.split = Split::test, .size = 1, .side = 15}), "scenes: side must be at least 16, got 15");
  CHECK_THROWS_WITH(Scenes({.split = Split::test, .size = 1, .noise = -0.5}),
                    "scenes: noise must be finite and not negative, got -0.5");
  CHECK_THROWS_WITH(Scenes({.split = Split::test, .size = 1, .noise = INFINITY}),
                    "scenes: noise must be finite and not negative, got inf");
}

}  // namespace test_scenes
