// Training and test images.
#pragma once

#include <memory>
#include <vector>

#include <tapestry/data/dataset.hpp>
#include <tapestry/data/loader.hpp>

#include "options.hpp"

/// The mean and standard deviation of CIFAR-10's color channels, for normalization.
inline const std::vector<double> color_mean = {0.4914, 0.4822, 0.4465};
inline const std::vector<double> color_deviation = {0.2470, 0.2435, 0.2616};

struct Images {
  std::unique_ptr<tapestry::data::Dataset> train;
  std::unique_ptr<tapestry::data::Dataset> test;
};

/// The data set in --data, or 20,000 and 4,000 generated images. Throws a ValueError when the networks cannot take the
/// images: 32 × 32 pixels and at most ten classes.
Images open_images(const Options& options);

/// Shuffled batches of the training images, with random crops (padding 4) and random horizontal flips. Throws a
/// ValueError when there are fewer images than one batch.
tapestry::data::Loader train_loader(const Images& images, const Options& options);

/// Batches of the test images, without augmentation.
tapestry::data::Loader test_loader(const Images& images);

/// The network's input for one image, normalized.
tapestry::Array network_input(const tapestry::Array& image);
