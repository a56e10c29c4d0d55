// The interface of data sets of labeled images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// The part of a data set for training, and the part for testing.
enum class Split : std::uint8_t { train, test };

/// One image, u8 or f32 (C, H, W), and its class.
struct Sample {
  Array image;
  std::int64_t label = 0;
};

/// Labeled images by index. Derive from this to write your own data set.
class Dataset {
 public:
  virtual ~Dataset() = default;
  /// The number of samples.
  virtual std::int64_t size() const = 0;
  /// The sample at `index` in [0, size()). Several threads may call it at once.
  virtual Sample get(std::int64_t index) const = 0;
  /// The names of the labels 0, 1, …; empty when they have none.
  virtual std::vector<std::string> class_names() const { return {}; }

 protected:
  Dataset() = default;
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;
};

}  // namespace tapestry::data
