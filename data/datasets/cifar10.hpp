// CIFAR-10 from its official binary files (Krizhevsky, "Learning multiple layers of features from tiny
// images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <string>

#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

/// Color photographs of 32 × 32 pixels in ten classes, held in memory as u8 (N, 3, 32, 32).
class Cifar10 : public ArrayDataset {
 public:
  /// Reads data_batch_1.bin to data_batch_5.bin (train, 50,000 images) or test_batch.bin (10,000) of `dir`, and the
  /// class names in batches.meta.txt if it exists. A file may contain up to 100,000 complete records. Throws an
  /// IoError with the file, and the record if applicable, for a file that is missing, unreadable or larger, a size that
  /// is not a multiple of the record size, a label above 9, or a number of names other than ten.
  Cifar10(const std::string& dir, Split split);
};

}  // namespace tapestry::data
