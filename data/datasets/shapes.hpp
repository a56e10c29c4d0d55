// A generated data set for classification: images of shapes.
#pragma once

#include <cstdint>

#include <tapestry/core/required.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

struct ShapesOptions {
  Required<Split> split;        ///< the two splits have no image in common
  Required<std::int64_t> size;  ///< the number of images
  std::uint64_t seed = 0;
};

/// Color images of 32 × 32 pixels, u8 (N, 3, 32, 32), of one figure each (see `figure_names`) on a background, with
/// noise. The figure is brighter than the background and varies in position, size, rotation, stretch, colors and
/// pattern; the background varies as well. Image i shows figure i mod 10 and is a function of (seed, split, i). With
/// 20,000 images a linear classifier reaches an accuracy of about one third; a convolutional network of four layers
/// exceeds 95 % in three epochs.
class Shapes : public ArrayDataset {
 public:
  /// Generates all images, on one thread per core. Throws a ValueError when `size` is negative.
  explicit Shapes(ShapesOptions options);
};

}  // namespace tapestry::data
