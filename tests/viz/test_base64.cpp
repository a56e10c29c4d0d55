#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/viz/base64.hpp>

#include "catch.hpp"

namespace test_base64 {

using namespace tapestry;

TEST_CASE("base64 matches the examples of the standard") {
  // RFC 4648, section 10.
  const std::vector<std::pair<std::string, std::string>> vectors = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [text, wanted] : vectors) {
    CHECK(viz::detail::base64(std::vector<std::uint8_t>(text.begin(), text.end())) == wanted);
  }
  // RFC 4648, section 9, has bytes above 127; the last example covers "+" and "/".
  CHECK(viz::detail::base64(std::vector<std::uint8_t>{0x14, 0xfb, 0x9c, 0x03, 0xd9, 0x7e}) == "FPucA9l+");
  CHECK(viz::detail::base64(std::vector<std::uint8_t>{0x14, 0xfb, 0x9c, 0x03, 0xd9}) == "FPucA9k=");
  CHECK(viz::detail::base64(std::vector<std::uint8_t>{0xff, 0xff, 0xbe}) == "//++");
}

}  // namespace test_base64
