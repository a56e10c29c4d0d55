#include "tutorial_code/page.hpp"

#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace tutorial {
namespace {

constexpr std::string_view fence = "```";

/// Reads a page line by line.
class Reader {
 public:
  explicit Reader(const std::string& text) : lines_(text) {}

  std::vector<Chapter> read() {
    while (next()) {
      if (line_.starts_with("## ")) chapters_.push_back({.title = line_.substr(3), .snippets = {}});
      if (line_.starts_with(fence)) read_fence();
    }
    std::erase_if(chapters_, [](const Chapter& chapter) { return chapter.snippets.empty(); });
    return std::move(chapters_);
  }

 private:
  bool next() {
    ++number_;
    return static_cast<bool>(std::getline(lines_, line_));
  }

  [[noreturn]] void fail(int line, const std::string& what) const {
    throw std::runtime_error(fmt::format("line {}: {}", line, what));
  }

  void read_fence() {
    const int opened = number_;
    std::istringstream words(line_.substr(fence.size()));
    std::string language;
    words >> language;
    std::string body;
    while (next() && line_ != fence) body += line_ + "\n";
    if (!lines_) fail(opened, "unterminated fence");
    if (language == "cpp") add_snippet(opened, words, body);
    if (language == "text") add_printed(opened, words, body);
  }

  void add_snippet(int opened, std::istringstream& words, const std::string& code) {
    Snippet snippet;
    snippet.line = opened + 1;
    snippet.code = code;
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (word == "declarations") {
        snippet.is_declaration = true;
      } else if (equals == std::string::npos) {
        fail(opened, fmt::format("unknown word \"{}\" after cpp", word));
      } else {
        snippet.replacements.emplace_back(word.substr(0, equals), word.substr(equals + 1));
        if (code.find(word.substr(0, equals)) == std::string::npos) {
          fail(opened, fmt::format("\"{}\" not found in the snippet", word.substr(0, equals)));
        }
      }
    }
    if (chapters_.empty()) fail(opened, "snippet before the first chapter");
    chapters_.back().snippets.push_back(std::move(snippet));
  }

  void add_printed(int opened, std::istringstream& words, const std::string& text) {
    if (chapters_.empty() || chapters_.back().snippets.empty() || chapters_.back().snippets.back().is_declaration ||
        !chapters_.back().snippets.back().printed.empty()) {
      fail(opened, "output without a snippet");
    }
    Snippet& snippet = chapters_.back().snippets.back();
    snippet.printed = text;
    for (std::string word; words >> word;) {
      if (word != "measured") fail(opened, fmt::format("unknown word \"{}\" after text", word));
      snippet.is_measured = true;
    }
  }

  std::istringstream lines_;
  std::string line_;
  int number_ = 0;
  std::vector<Chapter> chapters_;
};

std::string code_of(const Snippet& snippet, bool quick) {
  std::string code = snippet.code;
  if (!quick) return code;
  for (const auto& [full, small] : snippet.replacements) {
    for (auto at = code.find(full); at != std::string::npos; at = code.find(full, at + small.size())) {
      code.replace(at, full.size(), small);
    }
  }
  return code;
}

}  // namespace

std::vector<Chapter> read_page(const std::string& text) {
  return Reader(text).read();
}

std::string functions_of(const std::vector<Chapter>& chapters, const std::string& page, bool quick) {
  std::string result;
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    std::string body;
    for (const Snippet& snippet : chapters[i].snippets) {
      const std::string place = fmt::format("#line {} \"{}\"\n", snippet.line, page);
      const std::string code = place + code_of(snippet, quick);
      (snippet.is_declaration ? result : body) += code;
      if (snippet.is_declaration || !quick) continue;
      // Make failures refer to the line of the snippet.
      body +=
          place + (snippet.is_measured ? std::string("CHECK(!printed.take().empty());\n")
                                       : fmt::format("CHECK(printed.take() == R\"page({})page\");\n", snippet.printed));
    }
    result += fmt::format("void chapter_{}({}) {{\n{}}}\n", i + 1, quick ? "Printed& printed" : "", body);
  }
  return result;
}

}  // namespace tutorial
