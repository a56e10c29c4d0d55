// Most of these tests need gnuplot, one of the packages that scripts/test installs.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <unistd.h>

#include <tapestry/data/image/image.hpp>
#include <tapestry/viz/curves.hpp>

#include "catch.hpp"

namespace test_curves {
namespace {

namespace fs = std::filesystem;
using namespace tapestry;
using viz::Panel;
using viz::write_curves;

/// A temporary working directory.
class WorkingFolder {
 public:
  WorkingFolder() : before_(fs::current_path()) {
    std::string name = (fs::temp_directory_path() / "tapestry_curves_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    fs::current_path(path_);
  }
  ~WorkingFolder() {
    fs::current_path(before_);
    fs::remove_all(path_);
  }
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;

  std::ptrdiff_t count() const { return std::distance(fs::directory_iterator(path_), fs::directory_iterator()); }

 private:
  fs::path before_;
  fs::path path_;
};

/// Sets the variable PATH for its lifetime.
class SearchPath {
 public:
  explicit SearchPath(const char* value) : before_(std::getenv("PATH")) { setenv("PATH", value, 1); }
  ~SearchPath() { setenv("PATH", before_.c_str(), 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;

 private:
  std::string before_;
};

/// The number of pixels with exactly this color.
std::int64_t count(const Array& picture, int red, int green, int blue) {
  std::int64_t pixels = 0;
  const auto values = picture.to_vector<std::uint8_t>();
  const std::size_t plane = values.size() / 3;
  for (std::size_t i = 0; i < plane; ++i) {
    pixels += values[i] == red && values[plane + i] == green && values[2 * plane + i] == blue;
  }
  return pixels;
}

}  // namespace

TEST_CASE("curves are drawn in their colors") {
  const WorkingFolder folder;
  const Panel panel = {.y_label = "loss", .series = {{"train", {1, 2, 3}, {3, 2, 1}}, {"test", {1, 2, 3}, {3, 3, 2}}}};
  write_curves("a.png", "run", {panel, panel});
  const Array picture = data::read_image("a.png");
  CHECK(picture.shape() == Shape{3, 500, 1400});
  CHECK(count(picture, 0x1f, 0x77, 0xb4) > 500);
  CHECK(count(picture, 0xff, 0x7f, 0x0e) > 500);
  CHECK(folder.count() == 1);
}

TEST_CASE("texts and paths are never interpreted as commands") {
  const WorkingFolder folder;
  for (const std::string text :
       {"a'; system('touch done') #", "a\nsystem 'touch done'\n", "`touch done`", "a\" \\n $(touch done) @x {/=9 b}",
        "end_of_data\n!touch done", "é \x80 \\", "'", "\"", "' ; system 'touch done' ; '",
        "\" ; system 'touch done' ; \"", "\\\" ; system 'touch done' #", ""}) {
    INFO(text);
    write_curves("a.png", text, {{.x_label = text, .y_label = text, .series = {{text, {1, 2}, {1, 2}}}}});
    CHECK(folder.count() == 1);
  }
  write_curves("|touch done", "run", {{.series = {{"train", {1, 2}, {1, 2}}}}});
  write_curves("a'; system('touch done'); '.png", "run", {{.series = {{"train", {1, 2}, {1, 2}}}}});
  CHECK(folder.count() == 3);
  CHECK_FALSE(fs::exists("done"));
}

TEST_CASE("a digit after a punctuation mark is shown literally") {
  const WorkingFolder folder;
  write_curves("a.png", "-0", {{}});
  write_curves("b.png", "h", {{}});  // a wrong escape "\\0550" could be read as h
  CHECK(data::read_image("a.png").to_vector<std::uint8_t>() != data::read_image("b.png").to_vector<std::uint8_t>());
}

TEST_CASE("curves with one point or no points or no finite values are drawn") {
  const WorkingFolder folder;
  write_curves("a.png", "",
               {{.series = {{"one", {1}, {2.5}}, {"none", {}, {}}, {"not finite", {1, 2}, {NAN, INFINITY}}}}});
  write_curves("b.png", "", {{.series = {{"not finite", {1, 2}, {NAN, NAN}}}}});
  write_curves("c.png", "", {{.series = {{"gap", {1, 2, 3, 4, 5}, {1, 2, NAN, 2, 1e30}}}}});
  CHECK(folder.count() == 3);
}

TEST_CASE("curves of any numbers are drawn") {
  const WorkingFolder folder;
  const auto draw = [](const std::vector<double>& x, const std::vector<double>& y) {
    write_curves("a.png", "", {{.series = {{"name", x, y}}}});
  };
  constexpr double most = std::numeric_limits<double>::max();
  for (const double large : {5e-324, 1e-300, 1e15, 1e17, 1e100, 1e300, 1.7e308, most}) {
    INFO(large);
    CHECK_NOTHROW(draw({1, 2}, {-large, large}));
    CHECK_NOTHROW(draw({1, 2}, {large, large}));
    CHECK_NOTHROW(draw({1}, {large}));
    CHECK_NOTHROW(draw({large}, {1}));
    CHECK_NOTHROW(draw({-large, large}, {1, 2}));
  }
}

TEST_CASE("slow: a gnuplot that hangs is ended") {
  const WorkingFolder folder;
  fs::create_directory("programs");
  std::ofstream("programs/gnuplot") << "#!/bin/sh\nexec /bin/sleep 1000\n";
  fs::permissions("programs/gnuplot", fs::perms::owner_all);
  const SearchPath hanging("programs");
  CHECK_THROWS_WITH(write_curves("a.png", "run", {{}}), "write_curves: gnuplot did not finish in 30 s");
  CHECK_FALSE(fs::exists("a.png"));
}

TEST_CASE("missing gnuplot is an error with an installation hint") {
  const WorkingFolder folder;
  const SearchPath nowhere("/nowhere");
  CHECK_THROWS_WITH(write_curves("a.png", "run", {{}}),
                    "write_curves: gnuplot is not installed\nhint: apt-get install gnuplot-nox");
  CHECK(folder.count() == 0);
}

TEST_CASE("mismatched series and unwritable files are errors") {
  CHECK_THROWS_WITH(write_curves("a.png", "run", {}), "write_curves: expected at least one panel");
  CHECK_THROWS_WITH(write_curves("a.png", "run", {{.series = {{"train", {1, 2}, {3}}}}}),
                    "write_curves: the series \"train\" has 2 x values and 1 y values");
  CHECK_THROWS_WITH(write_curves("/missing/a.png", "run", {{}}),
                    "/missing/a.png: cannot create a temporary file beside it: No such file or directory");
}

}  // namespace test_curves
