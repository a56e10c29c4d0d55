// A data set of images in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/data/dataset.hpp>

namespace tapestry::data {

/// Images u8 or f32 (N, C, H, W) with labels i64 (N), and optional names of the labels.
class ArrayDataset : public Dataset {
 public:
  /// Keeps the arrays; images in row-major memory are copied to channels_last. Throws a ShapeError or DTypeError for
  /// other arrays, and a ValueError when names are given but a label has none.
  ArrayDataset(Array images, Array labels, std::vector<std::string> class_names = {});

  std::int64_t size() const override { return images_.size(0); }
  /// A copy of the image. Throws a ValueError when there is no such index.
  Sample get(std::int64_t index) const override;
  std::vector<std::string> class_names() const override { return class_names_; }

  /// All images, (N, C, H, W) in channels_last memory.
  const Array& images() const& { return images_; }
  Array images() const&& { return images_; }
  /// All labels, i64 (N).
  const Array& labels() const& { return labels_; }
  Array labels() const&& { return labels_; }

 private:
  Array images_;
  Array labels_;
  std::vector<std::string> class_names_;
};

}  // namespace tapestry::data
