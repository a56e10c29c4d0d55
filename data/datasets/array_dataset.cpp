#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {
namespace {

void check(const Array& images, const Array& labels, const std::vector<std::string>& class_names) {
  if (!images.defined() || images.rank() != 4) {
    throw ShapeError(fmt::format("array_dataset: expected images (N, C, H, W), got {}", to_string(images)));
  }
  if (images.dtype() != DType::u8 && images.dtype() != DType::f32) {
    throw DTypeError(fmt::format("array_dataset: expected images of u8 or f32, got {}", to_string(images)));
  }
  if (!labels.defined() || labels.rank() != 1 || labels.size(0) != images.size(0)) {
    throw ShapeError(fmt::format("array_dataset: expected labels [{}] (images {}), got {}", images.size(0),
                                 to_string(images.shape()), to_string(labels)));
  }
  if (labels.dtype() != DType::i64) {
    throw DTypeError(fmt::format("array_dataset: expected labels of i64, got {}", to_string(labels)));
  }
  if (class_names.empty()) return;
  const auto classes = static_cast<std::int64_t>(class_names.size());
  const auto* label = labels.data<std::int64_t>();
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    if (label[i] < 0 || label[i] >= classes) {
      throw ValueError(fmt::format("array_dataset: expected labels of 0 to {} ({} class names), got {} at index {}",
                                   classes - 1, classes, label[i], i));
    }
  }
}

}  // namespace

ArrayDataset::ArrayDataset(Array images, Array labels, std::vector<std::string> class_names) {
  check(images, labels, class_names);
  images_ = images.contiguous(MemoryFormat::channels_last);
  labels_ = std::move(labels);
  class_names_ = std::move(class_names);
}

Sample ArrayDataset::get(std::int64_t index) const {
  if (index < 0 || index >= size()) {
    throw ValueError(fmt::format("dataset: index {} is outside [0, {})", index, size()));
  }
  Array image =
      Array::empty({images_.size(1), images_.size(2), images_.size(3)}, images_.dtype(), MemoryFormat::channels_last);
  const auto copy = [&]<class T>() {
    std::copy_n(images_.data<T>() + index * image.numel(), image.numel(), image.mutable_data<T>());
  };
  if (image.dtype() == DType::u8) {
    copy.template operator()<std::uint8_t>();
  } else {
    copy.template operator()<float>();
  }
  return {.image = std::move(image), .label = labels_.data<std::int64_t>()[index]};
}

}  // namespace tapestry::data
