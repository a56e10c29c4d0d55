// Shared by the lessons: the command line, tables, pictures, and checked statements.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/viz/image_grid.hpp>

/// An option of a lesson's command line: a flag, or a text.
struct LessonOption {
  std::string name;  ///< "--quick"
  std::variant<bool*, std::string*> value;
  std::string help;
};

class Lesson {
 public:
  explicit Lesson(std::string pictures) : pictures_(std::move(pictures)) {}

  /// Prints a heading.
  void part(const std::string& title);
  /// Prints a line of text.
  void say(const std::string& text);
  /// Prints the name and shape of an array, and its elements with the last axis as rows.
  void show(const std::string& name, const tapestry::Array& array);
  /// Prints a statement and whether it is true, "yes" or "NO".
  void holds(const std::string& fact, bool is_true);
  /// Writes a picture to the output folder and prints its path.
  void picture(const std::string& name, const tapestry::Array& image);
  /// The path of a file in the output folder, which is created if necessary.
  std::string file(const std::string& name) const;
  /// Prints the conclusion.
  void learned(const std::string& text);

  bool all_hold() const { return all_hold_; }

 private:
  std::string pictures_;
  bool all_hold_ = true;
};

/// Runs a lesson as a program. --out DIR sets the output folder; `options` are further options. The exit code is 0
/// when all statements hold and all output could be written, 2 for an invalid command line, otherwise 1. An output
/// folder that cannot be written is an error before the lesson begins.
///
/// A lesson that trains has the flag "--quick" for fewer steps, which the tests use.
int run_lesson(int argc, char** argv, const std::string& about, const std::function<void(Lesson&)>& body,
               const std::vector<LessonOption>& options = {});

/// A gray picture, u8 (1, H, W), of a plane f32 (H, W); the minimum becomes black and the maximum white.
tapestry::Array gray_picture(const tapestry::Array& plane);

/// A heat map (`viz::heat_map`) of (H, W) with `enlarge` × `enlarge` pixels per element, in a thin gray frame.
tapestry::Array framed_map(const tapestry::Array& plane, std::int64_t enlarge, double limit = 0);

/// A caption in dark gray.
tapestry::viz::Caption caption(const std::string& text);

/// The first images of f32 (N, 3, H, W) as pictures; `black` becomes black and 1 white.
std::vector<tapestry::Array> pictures_of(const tapestry::Array& images, std::int64_t count, double black = 0);

/// Pictures side by side, with a caption below the first.
struct PictureRow {
  std::string name;
  std::vector<tapestry::Array> pictures;
};

/// Stacks rows with equally many pictures.
tapestry::Array rows_of_pictures(const std::vector<PictureRow>& rows, std::int64_t enlarge);

/// The plane (H, W) of one sample and channel of (N, C, H, W).
tapestry::Array plane_of(const tapestry::Array& images, std::int64_t sample, std::int64_t channel);

/// A star on gray, f32 (1, 1, size, size) with values in [0, 1].
tapestry::Array star(std::int64_t size);

/// True when the shapes are equal and no elements differ by more than `tolerance`.
bool is_close(const tapestry::Array& a, const tapestry::Array& b, double tolerance = 0);
