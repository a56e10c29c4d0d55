// Assembles the samples of one epoch into batches; each batch is a function of its index only.
#pragma once

#include <cstdint>

#include <tapestry/data/loader.hpp>

namespace tapestry::data {

/// The batches in `samples` samples.
std::int64_t count_batches(std::int64_t samples, const LoaderOptions& options);

/// Knows the order of one epoch. Several threads may call it at once.
class BatchMaker {
 public:
  BatchMaker(const Dataset& dataset, LoaderOptions options, std::int64_t epoch);

  std::int64_t batches() const { return count_batches(size_, options_); }
  const LoaderOptions& options() const { return options_; }
  /// Batch `number` of [0, batches()).
  Batch operator()(std::int64_t number) const;

 private:
  std::int64_t sample_index(std::int64_t position) const;
  Sample transformed(std::int64_t index) const;

  const Dataset* dataset_;
  LoaderOptions options_;
  std::int64_t epoch_;
  std::int64_t size_;
  Array order_;
};

}  // namespace tapestry::data
