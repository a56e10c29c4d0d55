// CIFAR-10 from its official binary files (Krizhevsky, "Learning multiple layers of features from tiny
// images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <string>

#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

/// Colour photographs of 32 × 32 in ten classes, held in memory as u8 (N, 3, 32, 32).
class Cifar10 : public ArrayDataset {
 public:
  /// Reads data_batch_1.bin to data_batch_5.bin (train, 50,000 images) or test_batch.bin (10,000) of `dir`,
  /// and the class names of batches.meta.txt if it is there. A file may hold any number of whole records.
  /// Throws an IoError with the file, and the record where there is one: missing or unreadable, a size that
  /// is not a multiple of a record, a label above 9, other than ten names.
  Cifar10(const std::string& dir, Split split);
};

}  // namespace tapestry::data
