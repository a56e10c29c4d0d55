// How an output is computed again instead of being kept.
#pragma once

#include <cstdint>
#include <memory>

#include <tapestry/core/array.hpp>

namespace tapestry {

class Node;

/// Computes an operator's output again from what the operator saved for its backward. The operator and all that save
/// the output share it, so that it outlives the release of the operator. It must give the same bits every time.
class Recipe {
 public:
  Recipe() = default;
  virtual ~Recipe() = default;
  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  /// Tells which array the output is.
  void set_output(const Array& output);
  /// True when `array` is the output and has not been overwritten.
  bool makes(const Array& array) const;
  /// The output: for as long as anything holds it that array, computed again after that. Throws a GradError when it has
  /// been overwritten, or, naming its `producer`, when what it is computed from has been.
  Array output(const std::shared_ptr<Node>& producer);

 private:
  virtual Array compute() const = 0;

  WeakArray output_;
  std::uint64_t version_ = 0;
};

}  // namespace tapestry
