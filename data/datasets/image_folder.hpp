// A data set stored as a folder of image files.
#pragma once

#include <string>
#include <vector>

#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

/// `dir` contains a folder per class with PNG or JPEG files (.png, .jpg, .jpeg) of equal size; other files and names
/// that begin with a dot are ignored. Stored in memory as u8 (N, 3, H, W).
class ImageFolder : public ArrayDataset {
 public:
  /// Decodes all files, on one thread per core. Labels follow the sorted names of the folders; inside a class the files
  /// follow the natural order of their names (2.jpg before 10.jpg). Throws an IoError with the path when there are no
  /// classes, a class has no images, a file cannot be read (see `read_image`) or its size differs from that of the
  /// first.
  explicit ImageFolder(const std::string& dir);
};

/// The names of the folders in `dir`, sorted. Throws an IoError when there are none.
std::vector<std::string> image_folder_classes(const std::string& dir);

}  // namespace tapestry::data
