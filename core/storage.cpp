#include <tapestry/core/allocator.hpp>
#include <tapestry/core/storage.hpp>

namespace tapestry {

Storage::Storage(std::size_t bytes)
    : bytes_(bytes), data_(static_cast<std::byte*>(Allocator::instance().allocate(bytes))) {}

Storage::~Storage() {
  Allocator::instance().deallocate(data_, bytes_);
}

}  // namespace tapestry
