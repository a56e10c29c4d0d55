#include <atomic>
#include <chrono>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>
#include <tapestry/data/loader.hpp>

#include "catch.hpp"

namespace test_loader {

using namespace tapestry;
using namespace tapestry::data;

namespace {

/// Image i is f32 (3, 2, 2) filled with i, with label i.
class Numbers : public Dataset {
 public:
  explicit Numbers(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  Sample get(std::int64_t index) const override {
    ++calls;
    if (index == fails_at) throw IoError("numbers: no image " + std::to_string(index));
    return {.image = Array::full({3, 2, 2}, static_cast<double>(index)), .label = index};
  }

  std::int64_t fails_at = -1;
  mutable std::atomic<std::int64_t> calls = 0;

 private:
  std::int64_t size_;
};

Array add_noise(const Array& image, RandomStream& random) {
  Array result = image.clone();
  const Array noise = random.uniform({3, 2, 2});
  for (std::int64_t i = 0; i < 12; ++i) result.mutable_data<float>()[i] += noise.data<float>()[i];
  return result;
}

/// The elements in memory order.
std::vector<float> elements(const Array& images) {
  return {images.data<float>(), images.data<float>() + images.numel()};
}

struct Seen {
  std::vector<std::vector<std::int64_t>> labels;
  std::vector<std::vector<float>> images;
  bool operator==(const Seen&) const = default;
};

Seen go_through(Loader& loader) {
  Seen seen;
  for (auto [images, labels] : loader) {
    seen.labels.push_back(labels.to_vector<std::int64_t>());
    seen.images.push_back(elements(images));
  }
  return seen;
}

std::vector<std::int64_t> flat(const Seen& seen) {
  std::vector<std::int64_t> all;
  for (const auto& labels : seen.labels) all.insert(all.end(), labels.begin(), labels.end());
  return all;
}

}  // namespace

static_assert(!std::is_constructible_v<Loader, Numbers&&, LoaderOptions>,
              "a loader of a temporary would outlive its data set");

TEST_CASE("loader returns batches of images and labels in order") {
  const Numbers numbers(7);
  Loader loader(numbers, {.batch_size = 3});
  CHECK(loader.batches() == 3);
  std::int64_t next = 0;
  for (auto [images, labels] : loader) {
    const std::int64_t count = next == 6 ? 1 : 3;
    REQUIRE(images.shape() == Shape{count, 3, 2, 2});
    CHECK(images.dtype() == DType::f32);
    CHECK(images.format() == MemoryFormat::channels_last);
    CHECK(labels.shape() == Shape{count});
    for (std::int64_t i = 0; i < count; ++i, ++next) {
      CHECK(labels.data<std::int64_t>()[i] == next);
      CHECK(images.at({i, 2, 1, 1}) == static_cast<double>(next));
    }
  }
  CHECK(next == 7);
}

TEST_CASE("loader with drop_last drops an incomplete last batch") {
  const Numbers numbers(7);
  Loader loader(numbers, {.batch_size = 3, .drop_last = true});
  CHECK(loader.batches() == 2);
  CHECK(go_through(loader).labels.size() == 2);
  const Numbers few(2);
  Loader none(few, {.batch_size = 3, .drop_last = true});
  CHECK(none.batches() == 0);
  CHECK(go_through(none).labels.empty());
}

TEST_CASE("loader accepts the largest batch size and prefetch") {
  const Numbers numbers(7);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t size : {most, most - 1, most - 6}) {
    Loader whole(numbers, {.batch_size = size});
    CHECK(whole.batches() == 1);
    CHECK(whole.begin()->labels.numel() == 7);
    CHECK(Loader(numbers, {.batch_size = size, .drop_last = true}).batches() == 0);
  }
  Loader loader(numbers, {.batch_size = 2, .workers = most, .prefetch = most});
  CHECK(loader.batches() == 4);
  std::int64_t count = 0;
  for (const auto& [images, labels] : loader) count += labels.numel();
  CHECK(count == 7);
}

TEST_CASE("loader of an empty data set has no batches") {
  const Numbers nothing(0);
  for (const std::int64_t workers : {0, 2}) {
    Loader loader(nothing, {.batch_size = 3, .shuffle = true, .workers = workers});
    CHECK(loader.batches() == 0);
    CHECK(go_through(loader).labels.empty());
  }
}

TEST_CASE("loader converts bytes to floats in the range from zero to one") {
  const ArrayDataset dataset(Array::full({2, 3, 1, 1}, 51, DType::u8), Array::zeros({2}, DType::i64));
  Loader loader(dataset, {.batch_size = 2});
  for (auto [images, labels] : loader) CHECK(elements(images) == std::vector<float>(6, 0.2F));
}

TEST_CASE("loader shuffles by seed and epoch") {
  const Numbers numbers(50);
  Loader loader(numbers, {.batch_size = 8, .shuffle = true, .seed = 3});
  const auto first = flat(go_through(loader));
  const auto second = flat(go_through(loader));
  CHECK(std::set(first.begin(), first.end()).size() == 50);
  CHECK(std::set(second.begin(), second.end()).size() == 50);
  CHECK(first != second);
  CHECK(loader.epoch() == 2);
  loader.set_epoch(0);
  CHECK(flat(go_through(loader)) == first);
  CHECK(flat(go_through(loader)) == second);

  Loader again(numbers, {.batch_size = 50, .shuffle = true, .seed = 3});
  CHECK(flat(go_through(again)) == first);
  Loader other(numbers, {.batch_size = 8, .shuffle = true, .seed = 4});
  CHECK(flat(go_through(other)) != first);
}

TEST_CASE("loader made anew repeats its first epoch unless the seed or the epoch is another") {
  const Numbers numbers(50);
  const auto first_epoch = [&](std::uint64_t global_seed, std::uint64_t seed, std::int64_t epoch) {
    manual_seed(global_seed);
    Loader loader(numbers, {.batch_size = 8, .shuffle = true, .seed = seed, .transform = add_noise});
    loader.set_epoch(epoch);
    return go_through(loader);
  };
  const Seen seen = first_epoch(1, 0, 0);
  CHECK(first_epoch(1, 0, 0) == seen);
  CHECK(first_epoch(2, 0, 0) == seen);
  CHECK(first_epoch(1, 5, 0) != seen);
  CHECK(first_epoch(1, 0, 1) != seen);
  manual_seed(0);
}

TEST_CASE("loader returns the same batches at any number of workers") {
  const Numbers numbers(101);
  const auto epochs = [&](std::int64_t workers, std::int64_t prefetch) {
    Loader loader(numbers, {.batch_size = 4,
                            .shuffle = true,
                            .seed = 9,
                            .workers = workers,
                            .transform = add_noise,
                            .prefetch = prefetch});
    return std::vector<Seen>{go_through(loader), go_through(loader)};
  };
  const auto expected = epochs(0, 4);
  CHECK(expected[0].images != expected[1].images);
  for (const std::int64_t workers : {1, 2, 3, 4}) {
    for (const std::int64_t prefetch : {1, 2, 7}) {
      INFO(workers << " workers, " << prefetch << " batches ahead");
      CHECK(epochs(workers, prefetch) == expected);
    }
  }
}

TEST_CASE("random numbers of a sample depend only on seed and epoch and index") {
  const Numbers numbers(12);
  const auto image_of = [&](std::int64_t label, std::int64_t batch_size, bool shuffle, std::int64_t epoch) {
    Loader loader(numbers, {.batch_size = batch_size, .shuffle = shuffle, .workers = 2, .transform = add_noise});
    loader.set_epoch(epoch);
    std::vector<float> found;
    for (auto [images, labels] : loader) {
      for (std::int64_t i = 0; i < labels.numel(); ++i) {
        if (labels.data<std::int64_t>()[i] == label) found = elements(images.slice(i, i + 1));
      }
    }
    return found;
  };
  CHECK(image_of(5, 3, false, 0) == image_of(5, 7, true, 0));
  CHECK(image_of(5, 3, false, 0) != image_of(5, 3, false, 1));
  // The noise without the image.
  auto five = image_of(5, 3, false, 0);
  auto six = image_of(6, 3, false, 0);
  for (float& value : five) value -= 5;
  for (float& value : six) value -= 6;
  CHECK(five != six);
}

TEST_CASE("loader rethrows a worker's exception in the loop with its type and message") {
  Numbers numbers(40);
  numbers.fails_at = 17;
  for (const std::int64_t workers : {0, 1, 4}) {
    Loader loader(numbers, {.batch_size = 5, .workers = workers});
    std::vector<std::int64_t> before;
    try {
      for (auto [images, labels] : loader) before.push_back(labels.data<std::int64_t>()[0]);
      FAIL("no exception");
    } catch (const IoError& error) {
      CHECK(std::string(error.what()) == "numbers: no image 17");
    }
    CHECK(before == std::vector<std::int64_t>{0, 5, 10});
  }
}

TEST_CASE("loader rethrows errors of the first batch and of transforms") {
  const Numbers numbers(4);
  for (const std::int64_t workers : {0, 2}) {
    Loader loader(numbers, {.batch_size = 2, .workers = workers, .transform = [](const Array&, RandomStream&) -> Array {
                              throw std::out_of_range("custom transform");
                            }});
    CHECK_THROWS_AS(go_through(loader), std::out_of_range);
    CHECK_THROWS_WITH(go_through(loader), "custom transform");
  }
}

TEST_CASE("loader can be used again after an error") {
  Numbers numbers(10);
  numbers.fails_at = 6;
  Loader loader(numbers, {.batch_size = 2, .workers = 2});
  CHECK_THROWS_AS(go_through(loader), IoError);
  numbers.fails_at = -1;
  CHECK(flat(go_through(loader)).size() == 10);
}

TEST_CASE("loader does not hang when the loop exits early") {
  const Numbers numbers(1000);
  for (const std::int64_t workers : {0, 1, 4}) {
    for (int round = 0; round < 20; ++round) {
      Loader loader(numbers, {.batch_size = 2, .workers = workers, .prefetch = 2});
      int seen = 0;
      for (auto [images, labels] : loader) {
        if (++seen > round % 5) break;
      }
      CHECK(seen == round % 5 + 1);
      CHECK_THROWS_WITH(
          [&] {
            for (auto [images, labels] : loader) throw std::runtime_error("in the loop");
          }(),
          "in the loop");
      (void)loader.begin();
    }
  }
}

TEST_CASE("loader respects the prefetch limit") {
  const Numbers numbers(100);
  Loader loader(numbers, {.batch_size = 1, .workers = 3, .prefetch = 4});
  const auto place = loader.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  // The current batch and four ahead of it.
  CHECK(numbers.calls <= 5);
}

TEST_CASE("several epochs of a loader can run at once") {
  const Numbers numbers(9);
  Loader loader(numbers, {.batch_size = 2, .workers = 2});
  int pairs = 0;
  for (auto [outer_images, outer_labels] : loader) {
    for (auto [images, labels] : loader) ++pairs;
  }
  CHECK(pairs == 25);
}

TEST_CASE("loader reports mismatched samples") {
  const auto run = [](const Transform& transform, std::int64_t workers) {
    const Numbers numbers(4);
    Loader loader(numbers, {.batch_size = 4, .workers = workers, .transform = transform});
    go_through(loader);
  };
  for (const std::int64_t workers : {0, 1}) {
    CHECK_THROWS_WITH(run(
                          [](const Array& image, RandomStream&) {
                            return image.at({0, 0, 0}) == 2 ? Array::zeros({3, 2, 5}) : image;
                          },
                          workers),
                      "loader: expected images of the same shape, got [3, 2, 2] (sample 0) and [3, 2, 5] (sample 2)");
    CHECK_THROWS_WITH(run([](const Array& image, RandomStream&) { return image.reshape({12}); }, workers),
                      "loader: expected an image (C, H, W), got f32[12] (sample 0)");
    CHECK_THROWS_WITH(run([](const Array& image, RandomStream&) { return image.to(DType::f64); }, workers),
                      "loader: expected an image of u8 or f32, got f64[3, 2, 2] (sample 0)");
  }
}

TEST_CASE("loader checks its options on construction") {
  const Numbers numbers(4);
  CHECK_THROWS_WITH(Loader(numbers, {.batch_size = 0}), "loader: batch_size must be at least 1, got 0");
  CHECK_THROWS_WITH(Loader(numbers, {.batch_size = 1, .workers = -1}), "loader: workers must be at least 0, got -1");
  CHECK_THROWS_WITH(Loader(numbers, {.batch_size = 1, .prefetch = 0}), "loader: prefetch must be at least 1, got 0");
}

TEST_CASE("a profiler times the wait for every batch") {
  const Numbers numbers(7);
  for (const std::int64_t workers : {0, 2}) {
    Loader loader(numbers, {.batch_size = 2, .workers = workers});
    const Profiler profiler;
    go_through(loader);
    REQUIRE(profiler.entries().size() == 1);
    CHECK(profiler.entries().front().name == "data loading");
    CHECK(profiler.entries().front().calls == 4);
  }
}

}  // namespace test_loader
