// The images to learn from and to measure with.
#pragma once

#include <memory>
#include <vector>

#include <tapestry/data/dataset.hpp>
#include <tapestry/data/loader.hpp>

#include "options.hpp"

/// What is subtracted from, and divided out of, the three colors: the mean and standard deviation of CIFAR-10.
inline const std::vector<double> color_mean = {0.4914, 0.4822, 0.4465};
inline const std::vector<double> color_deviation = {0.2470, 0.2435, 0.2616};

struct Images {
  std::unique_ptr<tapestry::data::Dataset> train;
  std::unique_ptr<tapestry::data::Dataset> test;
};

/// CIFAR-10 from the folder that the options name, or 20,000 and 4,000 drawn images.
Images open_images(const Options& options);

/// Shuffled batches of the training images, cropped at random out of a border of 4 pixels and flipped at random. Throws
/// a ValueError when there are fewer images than one batch.
tapestry::data::Loader train_loader(const Images& images, const Options& options);

/// Batches of the test images as they are.
tapestry::data::Loader test_loader(const Images& images);

/// The network's input for one image.
tapestry::Array network_input(const tapestry::Array& image);
