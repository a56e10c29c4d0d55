// What the numbered examples share: the command line, numbers in print, pictures, and facts that are checked as they
// are stated.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/viz/image_grid.hpp>

namespace CLI {
class App;
}

class Lesson {
 public:
  explicit Lesson(std::string pictures) : pictures_(std::move(pictures)) {}

  /// A heading.
  void part(const std::string& title);
  /// A line of text.
  void say(const std::string& text);
  /// The last two axes of an array as a table, with a name before it.
  void show(const std::string& name, const tapestry::Array& array);
  /// States a fact that the lesson has just computed: in print "yes" or "NO".
  void holds(const std::string& fact, bool is_true);
  /// Writes a picture into the folder of pictures and says where it is.
  void picture(const std::string& name, const tapestry::Array& image);
  /// The path of a file in the folder of pictures, which is made if it is not there.
  std::string file(const std::string& name) const;
  /// What to remember.
  void learned(const std::string& text);

  bool all_hold() const { return all_hold_; }

 private:
  std::string pictures_;
  bool all_hold_ = true;
};

/// Runs a lesson as a program: --out DIR is where pictures go, `add_options` adds what else the command line takes. The
/// exit code is 0 when all facts hold, 2 for a mistake on the command line, else 1.
///
/// A lesson that trains takes the flag "--quick" for fewer steps: the tests run it so.
int run_lesson(int argc, char** argv, const std::string& about, const std::function<void(Lesson&)>& body,
               const std::function<void(CLI::App&)>& add_options = {});

/// A gray picture, u8 (1, H, W), of a plane f32 (H, W) whose lowest number becomes black and highest white.
tapestry::Array gray_picture(const tapestry::Array& plane);

/// Numbers (H, W) as colors (`viz::heat_map`), every one a square of `enlarge` pixels, in a thin gray frame.
tapestry::Array framed_map(const tapestry::Array& plane, std::int64_t enlarge, double limit = 0);

/// A caption in dark gray.
tapestry::viz::Caption caption(const std::string& text);

/// The first images of f32 (N, 3, H, W) as pictures; `black` becomes black and 1 white.
std::vector<tapestry::Array> pictures_of(const tapestry::Array& images, std::int64_t count, double black = 0);

/// Pictures side by side, with a name below the first.
struct PictureRow {
  std::string name;
  std::vector<tapestry::Array> pictures;
};

/// Rows of as many pictures each, one below the other.
tapestry::Array rows_of_pictures(const std::vector<PictureRow>& rows, std::int64_t enlarge);

/// The plane (H, W) of one sample and channel of (N, C, H, W).
tapestry::Array plane_of(const tapestry::Array& images, std::int64_t sample, std::int64_t channel);

/// A drawn star on gray, f32 (1, 1, size, size) with values in [0, 1].
tapestry::Array star(std::int64_t size);

/// True when two arrays differ nowhere by more than `tolerance`.
bool is_close(const tapestry::Array& a, const tapestry::Array& b, double tolerance = 0);
