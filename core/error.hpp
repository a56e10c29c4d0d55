// What Tapestry throws. Every text names the operation, the rule and the numbers; a line that begins with
// "hint: " follows where there is something to do about it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace tapestry {

/// The base of everything that Tapestry throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit together or make no sense.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An element type that the operation does not take.
class DTypeError : public Error {
 public:
  using Error::Error;
};

/// An argument outside its range.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// Misuse of the tape: no history, released or overwritten saved values, a gradient that cannot be.
class GradError : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, unreadable or not what it should be.
class IoError : public Error {
 public:
  using Error::Error;
};

}  // namespace tapestry
