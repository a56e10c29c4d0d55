#include "images.hpp"

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/transforms/transform.hpp>

using namespace tapestry;

namespace {

/// The size of the networks' inputs.
constexpr std::int64_t side = 32;

data::Transform normalized() {
  return data::compose({data::to_float(), data::normalize(color_mean, color_deviation)});
}

}  // namespace

Images open_images(const Options& options) {
  if (options.data.empty()) {
    return {.train = std::make_unique<data::Shapes>(data::ShapesOptions{.split = data::Split::train, .size = 20000}),
            .test = std::make_unique<data::Shapes>(data::ShapesOptions{.split = data::Split::test, .size = 4000})};
  }
  const data::AcceptedImages accepted = {.side = side, .max_classes = 10};
  return {.train = data::open_dataset(options.data, data::Split::train, accepted),
          .test = data::open_dataset(options.data, data::Split::test, accepted)};
}

data::Loader train_loader(const Images& images, const Options& options) {
  if (images.train->size() < options.batch_size) {
    throw ValueError(fmt::format("--batch-size: {} exceeds the number of training images, {}", options.batch_size,
                                 images.train->size()));
  }
  return {*images.train,
          {.batch_size = options.batch_size,
           .shuffle = true,
           .seed = options.seed,
           .drop_last = true,
           .transform = data::compose(
               {data::random_crop({.size = side, .padding = 4}), data::random_horizontal_flip(), normalized()})}};
}

data::Loader test_loader(const Images& images) {
  return {*images.test, {.batch_size = 256, .transform = normalized()}};
}

Array network_input(const Array& image) {
  RandomStream unused;
  const Array input = normalized()(image, unused);
  return input.reshape({1, input.size(0), input.size(1), input.size(2)});
}
