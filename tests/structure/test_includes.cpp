// The rules of CONTRIBUTING.md for files: folders include only folders below them, public headers include no internal
// ones, some external libraries are confined to one place, and files are short.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"

namespace test_includes {
namespace {

namespace fs = std::filesystem;

constexpr int max_lines = 400;

// The other folders that a folder may include. "tapestry.hpp" is the umbrella header.
const std::map<std::string, std::set<std::string>> lower_folders = {
    {"kernels", {}},
    {"core", {"kernels"}},
    {"data", {"core"}},
    {"autograd", {"core", "kernels"}},
    {"nn", {"autograd", "core"}},
    {"optim", {"autograd", "core"}},
    {"io", {"nn", "autograd", "core"}},
    {"viz", {"data", "core"}},
    {"models", {"nn", "autograd", "core"}},
};

// The folders above the library, which may include everything.
const std::set<std::string> top = {"examples", "benchmarks", "tests", "docs", "tapestry.hpp"};

// Headers of other libraries that are confined to a file, or to a folder with a trailing slash.
struct Confined {
  std::string header_prefix;  // prefix of the file name
  std::string place;
};
const std::vector<Confined> confined = {
    {"cblas.h", "kernels/linalg/blas.cpp"},
    {"omp.h", "kernels/runtime/"},
    {"stb_", "data/"},
};

struct Include {
  std::string header;
  bool quoted;
};

// The include in a line, if any. Not with <regex>, for which g++ 12 emits warnings with the address sanitizer.
std::optional<Include> parse_include(const std::string& line) {
  std::istringstream words(line);
  char hash = 0, open = 0;
  std::string directive(7, ' '), header;
  words >> hash >> std::ws;
  words.read(directive.data(), 7);
  words >> open;
  if (hash != '#' || directive != "include" || (open != '<' && open != '"')) return std::nullopt;
  std::getline(words, header, open == '<' ? '>' : '"');
  return Include{header, open == '"'};
}

std::string first_folder(const fs::path& path) {
  return path.begin()->string();
}

// The included file relative to the project, or "" for a header of another library.
fs::path included_file(const fs::path& file, const Include& include) {
  if (include.header.starts_with("tapestry/")) return fs::path(include.header).lexically_relative("tapestry");
  if (include.quoted) return (file.parent_path() / include.header).lexically_normal();
  return "";
}

// True for kernels and for files in a folder named detail.
bool is_internal(const fs::path& file) {
  return first_folder(file) == "kernels" || std::ranges::find(file, fs::path("detail")) != file.end();
}

// True if `cmake --install` copies the file.
bool is_public_header(const fs::path& file) {
  const bool is_in_library = lower_folders.contains(first_folder(file)) || file == "tapestry.hpp";
  return is_in_library && file.extension() == ".hpp" && !is_internal(file);
}

// The violations in a file, one line each. `path` is relative to the project.
std::vector<std::string> check_file(const fs::path& path, const std::string& text) {
  const std::string folder = first_folder(path);
  const auto allowed = lower_folders.find(folder);
  if (allowed == lower_folders.end() && !top.contains(folder)) {
    return {path.string() + ": the folder " + folder + " is unknown: add it to test_includes.cpp"};
  }

  std::vector<std::string> wrong;
  int number = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto include = parse_include(line);
    if (!include) continue;
    const std::string header = include->header;
    const std::string place = path.string() + ":" + std::to_string(number) + ": ";

    const fs::path file = included_file(path, *include);
    if (!file.empty()) {
      const std::string included = first_folder(file);
      const bool is_higher =
          allowed != lower_folders.end() && included != folder && !allowed->second.contains(included);
      if (is_higher) wrong.push_back(place + folder + " may not include " + header);
      if (is_public_header(path) && is_internal(file)) {
        wrong.push_back(place + "a public header may not include " + header);
      }
    }

    const std::string name = fs::path(header).filename().string();
    for (const Confined& rule : confined) {
      const bool at_home = folder == "tests" || path.string().starts_with(rule.place);
      if (name.starts_with(rule.header_prefix) && !at_home) {
        wrong.push_back(place + header + " may only be included in " + rule.place);
      }
    }
  }
  if (number > max_lines) {
    wrong.push_back(path.string() + ": " + std::to_string(number) + " lines (aim at 300, at most 400)");
  }
  return wrong;
}

// True for a folder directly below the project without sources of the project.
bool is_foreign(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name == "build" || name.starts_with(".") || fs::exists(folder / "CMakeCache.txt");
}

std::vector<fs::path> source_files(const fs::path& root) {
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    if (entry->is_directory() && entry.depth() == 0 && is_foreign(entry->path())) {
      entry.disable_recursion_pending();
    }
    const auto extension = entry->path().extension();
    if (entry->is_regular_file() && (extension == ".cpp" || extension == ".hpp")) {
      files.push_back(entry->path().lexically_relative(root));
    }
  }
  std::ranges::sort(files);
  return files;
}

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("source files include only folders below their own") {
  const fs::path root = TAPESTRY_SOURCE_DIR;
  const auto files = source_files(root);
  REQUIRE(std::ranges::count(files, fs::path("tests/structure/test_includes.cpp")) == 1);

  Lines wrong;
  for (const fs::path& file : files) {
    std::ranges::copy(check_file(file, read(root / file)), std::back_inserter(wrong));
  }
  for (const std::string& line : wrong) UNSCOPED_INFO(line);
  CHECK(wrong.empty());
}

TEST_CASE("an include of a higher folder is reported with its file and line") {
  CHECK(check_file("core/array.cpp", "// Arrays.\n#include <vector>\n\n#include <tapestry/autograd/tensor.hpp>\n") ==
        Lines{"core/array.cpp:4: core may not include tapestry/autograd/tensor.hpp"});
  CHECK(check_file("nn/layers/conv2d.cpp", "#  include <tapestry/kernels/conv/conv2d.hpp> // fast\n") ==
        Lines{"nn/layers/conv2d.cpp:1: nn may not include tapestry/kernels/conv/conv2d.hpp"});
  CHECK(check_file("autograd/ops/activation/relu.cpp", "#include \"../../../nn/module.hpp\"\n") ==
        Lines{"autograd/ops/activation/relu.cpp:1: autograd may not include ../../../nn/module.hpp"});
  CHECK(check_file("models/resnet.cpp", "#include <tapestry/tapestry.hpp>\n") ==
        Lines{"models/resnet.cpp:1: models may not include tapestry/tapestry.hpp"});
}

TEST_CASE("includes of the same folder and of lower ones are allowed") {
  CHECK(check_file("autograd/ops/activation/relu.cpp",
                   "#include <tapestry/autograd/tensor.hpp>\n"
                   "#include <tapestry/kernels/elementwise/unary.hpp>\n"
                   "#include \"helpers.hpp\"\n"
                   "// #include <tapestry/nn/module.hpp>\n")
            .empty());
  CHECK(check_file("examples/train_cifar10.cpp", "#include <tapestry/tapestry.hpp>\n").empty());
}

TEST_CASE("public headers include neither kernels nor headers in folders named detail") {
  CHECK(check_file("core/map.hpp", "#include <tapestry/kernels/runtime/parallel.hpp>\n") ==
        Lines{"core/map.hpp:1: a public header may not include tapestry/kernels/runtime/parallel.hpp"});
  CHECK(check_file("nn/layers/conv2d.hpp", "\n#include <tapestry/nn/layers/detail/conv_channels.hpp>\n") ==
        Lines{"nn/layers/conv2d.hpp:2: a public header may not include tapestry/nn/layers/detail/conv_channels.hpp"});
  CHECK(check_file("nn/layers/conv2d.hpp", "#include \"detail/conv_channels.hpp\"\n") ==
        Lines{"nn/layers/conv2d.hpp:1: a public header may not include detail/conv_channels.hpp"});
  CHECK(check_file("tapestry.hpp", "#include <tapestry/autograd/ops/detail/weigh.hpp>\n") ==
        Lines{"tapestry.hpp:1: a public header may not include tapestry/autograd/ops/detail/weigh.hpp"});
  const std::string kernel = "#include <tapestry/kernels/conv/conv2d.hpp>\n";
  CHECK(check_file("autograd/ops/conv/conv2d.cpp", kernel).empty());
  CHECK(check_file("autograd/ops/conv/detail/conv2d_family.hpp", kernel).empty());
  CHECK(check_file("autograd/ops/conv/conv2d.cpp", "#include <tapestry/autograd/ops/detail/weigh.hpp>\n").empty());
  CHECK(check_file("tests/kernels/conv2d_cases.hpp", kernel).empty());
}

TEST_CASE("headers of some libraries are confined to one place") {
  CHECK(check_file("kernels/linalg/blas.cpp", "#include <cblas.h>\n").empty());
  CHECK(check_file("kernels/linalg/gemm.cpp", "#include <cblas.h>\n") ==
        Lines{"kernels/linalg/gemm.cpp:1: cblas.h may only be included in kernels/linalg/blas.cpp"});
  CHECK(check_file("core/array.cpp", "#include <omp.h>\n") ==
        Lines{"core/array.cpp:1: omp.h may only be included in kernels/runtime/"});
  CHECK(check_file("data/image.cpp", "#include <stb/stb_image.h>\n").empty());
  CHECK(check_file("viz/picture.cpp", "#include <stb/stb_image_write.h>\n") ==
        Lines{"viz/picture.cpp:1: stb/stb_image_write.h may only be included in data/"});
}

TEST_CASE("files that are too long and unknown folders are reported") {
  CHECK(check_file("core/shape.cpp", std::string(400, '\n')).empty());
  CHECK(check_file("core/shape.cpp", std::string(401, '\n')) ==
        Lines{"core/shape.cpp: 401 lines (aim at 300, at most 400)"});
  CHECK(check_file("attic/old.cpp", "") ==
        Lines{"attic/old.cpp: the folder attic is unknown: add it to test_includes.cpp"});
}

TEST_CASE("the umbrella header has every public header of operators and layers") {
  const fs::path root = TAPESTRY_SOURCE_DIR;
  const std::string umbrella = read(root / "tapestry.hpp");
  for (const fs::path& file : source_files(root)) {
    const bool is_listed = first_folder(file) == "nn" || file.generic_string().starts_with("autograd/ops/");
    if (!is_listed || !is_public_header(file) || read(root / file).find("::detail {") != std::string::npos) continue;
    INFO(file);
    CHECK(umbrella.find("#include <tapestry/" + file.generic_string() + ">") != std::string::npos);
  }
}

}  // namespace test_includes
