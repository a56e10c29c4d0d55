// The exceptions of Tapestry. Every message names the operation, the rule and the numbers, followed by a line that
// begins with "hint: " where there is a remedy.
#pragma once

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace tapestry {

/// The base class of Tapestry's exceptions.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Invalid or incompatible shapes.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An element type that the operation does not support.
class DTypeError : public Error {
 public:
  using Error::Error;
};

/// An argument out of range.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// Misuse of the tape: no history, saved values released or overwritten, or an impossible gradient.
class GradError : public Error {
 public:
  using Error::Error;
};

/// Memory that the system does not have. Not an Error, because the standard library's containers throw the same base
/// class: `catch (const std::bad_alloc&)` catches both.
class OutOfMemoryError : public std::bad_alloc {
 public:
  explicit OutOfMemoryError(const std::string& message) : message_(message) {}
  const char* what() const noexcept override { return message_.what(); }

 private:
  std::runtime_error message_;  ///< unlike a string, copied without allocating
};

/// A file that is missing, unreadable or malformed.
class IoError : public Error {
 public:
  using Error::Error;
};

}  // namespace tapestry
