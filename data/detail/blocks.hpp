// Parallel processing of many samples.
#pragma once

#include <cstdint>
#include <functional>

namespace tapestry::data {

/// Divides [0, count) into one block per core and calls `body(begin, end)` for each on its own thread. If calls throw,
/// the exception of the first failing block is rethrown after all have finished.
void for_each_block(std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace tapestry::data
