// Helpers for checking HTML pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapestry::testing {

/// The first error in the nesting of tags; empty if all tags are closed properly or, like "<img/>", self-closing.
inline std::string html_fault(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::string tag = page.substr(at + 1, page.find('>', at) - at - 1);
    if (tag.starts_with("!") || tag.ends_with("/")) continue;
    if (!tag.starts_with("/")) {
      open.push_back(tag.substr(0, tag.find(' ')));
      continue;
    }
    if (open.empty()) return "<" + tag + "> closes nothing";
    if ("/" + open.back() != tag) return "<" + tag + "> closes <" + open.back() + ">";
    open.pop_back();
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

/// The bytes of the PNG files embedded in a page, in order.
inline std::vector<std::vector<std::uint8_t>> embedded_pictures(const std::string& page) {
  constexpr std::string_view before = "src=\"data:image/png;base64,";
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::vector<std::uint8_t>> pictures;
  for (std::size_t at = page.find(before); at != std::string::npos; at = page.find(before, at)) {
    std::vector<std::uint8_t>& bytes = pictures.emplace_back();
    std::uint32_t bits = 0;
    int count = 0;
    // Up to the padding or the closing quotation mark.
    for (at += before.size(); digits.find(page[at]) != std::string_view::npos; ++at) {
      bits = bits << 6 | static_cast<std::uint32_t>(digits.find(page[at]));
      if ((count += 6) < 8) continue;
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  return pictures;
}

}  // namespace tapestry::testing
